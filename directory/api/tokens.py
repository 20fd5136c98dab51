"""A person's tokens for their programs."""

from __future__ import annotations

from typing import Annotated

import msgspec
from django.core.exceptions import PermissionDenied
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from directory.api_requests import Moment, body
from directory.http import need_fresh, person
from directory.models import ApiToken
from directory.tokens import make_token, revoke_token


class NewToken(msgspec.Struct):
    """`name` reminds its person of what it is for; it works for `days`, null: until revoked."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    days: Annotated[int, msgspec.Meta(ge=1, le=3650)] | None = 365


class TokenRow(msgspec.Struct, kw_only=True):
    id: int
    name: str
    created_at: Moment
    expires_at: Moment | None
    last_used_at: Moment | None
    revoked_at: Moment | None


class MadeToken(TokenRow, kw_only=True):
    """`key` goes behind `Authorization: Bearer`. It is shown this once and kept nowhere."""

    key: str


class Tokens(msgspec.Struct):
    results: list[TokenRow]


COLUMNS = ("id", "name", "created_at", "expires_at", "last_used_at", "revoked_at")


@extend_schema(
    methods=["GET"], operation_id="tokens", summary="The person's own tokens", responses=Tokens
)
@extend_schema(
    methods=["POST"],
    operation_id="token_create",
    summary="A new token",
    request=NewToken,
    responses={201: MadeToken},
)
@api_view(["GET", "POST"])
def tokens(request: Request) -> Response:
    """The person's own tokens for programs, or a new one. A token makes no other tokens: for that
    its person signs in, with their password entered lately."""
    user = person(request)
    if request.method == "POST":
        _signed_in(request)
        need_fresh(request)
        asked = body(request, NewToken)
        made, key = make_token(user, asked.name, asked.days)
        row = {name: getattr(made, name) for name in COLUMNS}
        return Response(MadeToken(**row, key=key), 201)
    rows = ApiToken.objects.filter(user=user).order_by("id").values(*COLUMNS)
    return Response(Tokens([TokenRow(**row) for row in rows]))


@extend_schema(operation_id="token_delete", responses={204: None})
@api_view(["DELETE"])
def token(request: Request, pk: int) -> Response:
    """Withdraw a token of one's own; from now on it opens nothing."""
    _signed_in(request)
    if not revoke_token(person(request), pk):
        raise Http404
    return Response(status=204)


def _signed_in(request: Request) -> None:
    if request.auth is not None:
        raise PermissionDenied("Sign in for this: tokens neither make nor withdraw tokens.")
