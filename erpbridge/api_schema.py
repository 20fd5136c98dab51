"""The API's schema, and the page to try it out. Both come from this installation alone."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from csp.constants import UNSAFE_INLINE
from csp.decorators import csp_update
from drf_spectacular.drainage import set_override
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import OpenApiGeneratorExtension, ResolvedComponent
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from erpbridge.api import ProblemDetails, TokenAuthentication

schema = SpectacularAPIView.as_view()
# Swagger writes styles into its page. Its script is a file, like any other.
docs = csp_update({"style-src": [UNSAFE_INLINE]})(
    SpectacularSwaggerSplitView.as_view(url_name="schema")
)


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A personal token."}


class Structs(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """A `msgspec.Struct` as schema, from its own types."""

    target_class = msgspec.Struct
    match_subclasses = True

    def get_name(self, auto_schema: AutoSchema, direction: str) -> str:
        set_override(self.target, "suppress_collision_warning", True)
        return str(self.target.__name__)

    def map_serializer(self, auto_schema: AutoSchema, direction: str) -> dict[str, Any]:
        [_], parts = msgspec.json.schema_components(
            [self.target], ref_template="#/components/schemas/{name}"
        )
        own: dict[str, Any] = parts.pop(self.target.__name__)
        for name, schema in parts.items():
            part = ResolvedComponent(name, ResolvedComponent.SCHEMA, schema, name)  # type: ignore[no-untyped-call]
            auto_schema.registry.register_on_missing(part)
        return own


def with_problems(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Every operation may answer with a problem; where several share an
    address each names its own summary, else it is the first sentence."""
    [_ref], parts = msgspec.json.schema_components(
        [ProblemDetails], ref_template="#/components/schemas/{name}"
    )
    result["components"]["schemas"] |= parts
    answer = {
        "description": "What is wrong, and what to do about it.",
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}
        },
    }
    for operations in result["paths"].values():
        for operation in operations.values():
            operation["responses"].setdefault("default", answer)
            told = operation["description"].replace("\n", " ")
            operation.setdefault("summary", re.split(r"[.;:] |\.$", told)[0])
    return result


# Each extension looks for its class at the first schema that is made, and two requests at once
# would find it half done. So they look now, while the addresses are loaded, which one thread does.
for kind in OpenApiGeneratorExtension.__subclasses__():
    for extension in kind._registry:
        extension._matches(object)
