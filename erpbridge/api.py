"""The API's frame: who asks, how answers are written, how errors are told.

Answers are `msgspec` structs: money is a decimal in a text, moments are UTC. Errors are RFC 9457
problem details.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import IO, Any

import msgspec
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from approvals.errors import StepError
from approvals.refusals import Refusal, refusal
from directory import sheets
from directory.api_requests import Fault, Unreadable
from directory.entered import Invalid
from directory.idempotency import OtherRequest
from directory.models import ApiToken, User
from directory.signing_in import warn
from directory.tokens import token_for

LARGEST_BODY = 5 * 1024 * 1024
PROBLEM = "application/problem+json"


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer eb_…`, a personal token. Its person's rights, no more and no less."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = token_for(key.strip())
        if token is None:
            warn("A token that opens nothing", None, method="token")
            raise exceptions.AuthenticationFailed(
                "This token opens nothing: it is not known here, was revoked, or has expired. "
                "Make a new one."
            )
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="ERP Bridge"'


class JsonParser(BaseParser):
    """JSON of at most 5 MB, without NaN, lone surrogates or a depth that exhausts us."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        content = stream.read(LARGEST_BODY + 1)
        if len(content) > LARGEST_BODY:
            raise TooLarge
        try:
            return msgspec.json.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise exceptions.ParseError(f"The body is not JSON: {error}.") from None


class TooLarge(exceptions.APIException):
    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_detail = "A request holds at most 5 MB."


class JsonRenderer(BaseRenderer):
    """Structs, rows of `.values()` and frozen copies as JSON."""

    media_type = "application/json"
    format = "json"
    charset = None
    render_style = "binary"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return b"" if data is None else msgspec.json.encode(data)


# --- Errors ------------------------------------------------------------------------------------


class ProblemDetails(Refusal, kw_only=True, omit_defaults=True):
    """RFC 9457. `type` says which it is; the members after `detail` come with some of them."""

    status: int
    faults: list[Fault] = []


def problem(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """How an error is told. What we did not foresee is left to Django, which logs it."""
    # This module is named in settings that `views` itself reads while it is imported.
    from rest_framework.views import set_rollback

    told = _told(error, context)
    if told is None:
        return None
    set_rollback()
    headers = {}
    if isinstance(error, exceptions.APIException):
        if header := getattr(error, "auth_header", None):
            headers["WWW-Authenticate"] = header
        if wait := getattr(error, "wait", None):
            headers["Retry-After"] = str(int(wait))
    # Whatever was asked for, a schema in YAML or a page: errors are JSON.
    return HttpResponse(msgspec.json.encode(told), PROBLEM, status=told.status, headers=headers)


@csrf_exempt
def nothing(request: HttpRequest, rest: str) -> HttpResponse:
    """Every address below /api/v1/ that there is not."""
    told = _told(Http404())
    if rest and not rest.endswith("/"):
        told = _plain(404, "Each address is written with a slash at its end; this one has none.")
    return HttpResponse(msgspec.json.encode(told), PROBLEM, status=404)


def _told(error: Exception, context: Mapping[str, Any] | None = None) -> ProblemDetails | None:
    if isinstance(error, StepError):
        told = refusal(error)
        status = 422 if told.type == "urn:erpbridge:not-ready" else 409
        return ProblemDetails(**msgspec.structs.asdict(told), status=status)
    if isinstance(error, Invalid):
        return _invalid(
            Fault(
                (f"/lines/{fault.line - 1}" if fault.line else "")
                + (f"/{fault.field}" if fault.field else ""),
                fault.message,
            )
            for fault in error.faults
        )
    if isinstance(error, sheets.Unreadable):
        return _invalid([Fault("/table", str(error))])
    if isinstance(error, ValidationError):
        return _invalid(Fault("", text) for text in error.messages)
    if isinstance(error, Unreadable):
        return ProblemDetails(
            type="urn:erpbridge:unreadable",
            title="The request cannot be read",
            detail="Nothing was done. All that is wrong is listed.",
            status=400,
            faults=error.faults,
        )
    if isinstance(error, RequestDataTooBig):
        return _plain(413, "Files have at most 25 MB each and 60 MB together.")
    if isinstance(error, OtherRequest):
        return _plain(422, str(error))
    if isinstance(error, Http404 | exceptions.NotFound):
        return _plain(404, "There is nothing here, or nothing that you may see.")
    if isinstance(error, PermissionDenied):
        return _plain(403, str(error) or "You may not do this.")
    if isinstance(error, exceptions.Throttled):
        most = settings.REQUESTS_A_MINUTE
        return _plain(
            429, f"{most} requests a minute are possible. Nothing was done; wait a moment."
        )
    if isinstance(error, exceptions.APIException):
        return _plain(error.status_code, _what_to_do(error, context or {}))
    return None


def _what_to_do(error: exceptions.APIException, context: Mapping[str, Any]) -> str:
    """The framework says what is wrong; here is what to do."""
    if isinstance(error, exceptions.NotAuthenticated):
        return (
            "This needs a token: Authorization: Bearer eb_…. People make theirs under Your account."
        )
    if isinstance(error, exceptions.MethodNotAllowed):
        possible = ", ".join(sorted(context["view"].allowed_methods))
        return f"{context['request'].method} is not possible here. Possible are: {possible}."
    if isinstance(error, exceptions.UnsupportedMediaType):
        taken = " or ".join(parser.media_type for parser in context["view"].parser_classes)
        return f"This cannot be read here. Send it as Content-Type: {taken}."
    if isinstance(error, exceptions.NotAcceptable):
        return f"Answers are application/json; errors are {PROBLEM}. Ask for those, or for */*."
    return str(error.detail)


def _invalid(faults: Iterable[Fault]) -> ProblemDetails:
    return ProblemDetails(
        type="urn:erpbridge:invalid",
        title="Refused as it was entered",
        detail="Nothing was saved. All that is wrong is listed.",
        status=422,
        faults=list(faults),
    )


def _plain(status: int, detail: str) -> ProblemDetails:
    return ProblemDetails(
        type="about:blank", title=HTTPStatus(status).phrase, detail=detail, status=status
    )
