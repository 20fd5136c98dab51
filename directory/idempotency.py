"""A request that must not be carried out twice, whoever sends it again and when.

The sender makes up a key and sends it with the request (`Idempotency-Key`). Key, effect and
answer are kept in one transaction: after a lost answer the same request gets the same answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

import msgspec
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from directory.api_requests import Fault, Unreadable
from directory.http import person
from directory.models import RequestKey

HEADER = "Idempotency-Key"
HEADER_OF_A_REPEAT = "Idempotency-Replayed"
KEPT = timedelta(hours=24)
LONGEST = 100

KEY = OpenApiParameter(
    HEADER,
    {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "^[ -~]+$"},
    "header",
    description="Made up by the sender; makes a repeat harmless for a day.",
)

View = Callable[..., Response]


class OtherRequest(Exception):
    """The key was used already, for another request."""


def idempotent(view: View) -> View:
    """A POST that may carry an `Idempotency-Key`; without one it is carried out as it comes.

    A request that fails keeps nothing: it may be sent again under the same key.
    """

    @wraps(view)
    def guarded(request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get(HEADER)
        if request.method != "POST" or key is None:
            return view(request, *args, **kwargs)
        if not (0 < len(key) <= LONGEST and key.isascii() and key.isprintable()):
            text = f"A key has 1 to {LONGEST} printable ASCII characters."
            raise Unreadable([Fault(HEADER, text)])
        user = person(request)
        digest = _digest(request)
        with transaction.atomic():
            _forget_old(user.pk)
            try:
                with transaction.atomic():
                    row = RequestKey.objects.create(user=user, key=key, request_digest=digest)
            except IntegrityError:
                return _again(RequestKey.objects.get(user=user, key=key), digest)
            response = view(request, *args, **kwargs)
            row.status = response.status_code
            row.answer = msgspec.json.encode(response.data).decode()
            row.save(update_fields=["status", "answer"])
        return response

    return guarded


def _digest(request: Request) -> str:
    content = msgspec.json.encode(request.data, order="deterministic")
    head = f"{request.method} {request.get_full_path()}\n".encode()
    return hashlib.sha256(head + content).hexdigest()


def _again(row: RequestKey, digest: str) -> Response:
    if row.request_digest != digest:
        raise OtherRequest(
            f"The key {row.key!r} was used for another request. Make up a new one for this."
        )
    answer = msgspec.Raw(row.answer.encode())
    return Response(answer, row.status, headers={HEADER_OF_A_REPEAT: "true"})


def _forget_old(user: int) -> None:
    """A person's keys of yesterday. Those that another request is forgetting are left to it."""
    old = RequestKey.objects.filter(user=user, at__lt=Now() - KEPT)
    ids = old.select_for_update(skip_locked=True).values_list("pk", flat=True)[:1000]
    RequestKey.objects.filter(pk__in=list(ids)).delete()
