"""A person's keys for programs: made, used, revoked, and the history of that."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from directory.history import Happened, append
from directory.models import ApiToken, User

# What is offered for how long a token works, in days.
LIVES = (30, 90, 365)
NOTED = timedelta(minutes=5)


@transaction.atomic
def make_token(user: User, name: str, days: int | None) -> tuple[ApiToken, str]:
    """A new token that works for so many days (None: until it is revoked), and its key."""
    expires_at = timezone.now() + timedelta(days=days) if days else None
    key = ApiToken.make(user, name, expires_at)
    token = ApiToken.objects.get(digest=ApiToken.digest_of(key))
    told = {"token": token.pk, "name": name, "days": days}
    append(None, [Happened("make-token", f"user:{user.pk}", user.pk, told)])
    return token, key


@transaction.atomic
def revoke_token(user: User, pk: int) -> bool:
    """End a token of one's own; False if there is none that works."""
    ended = live_tokens().filter(user=user, pk=pk).update(revoked_at=Now())
    if ended:
        append(None, [Happened("revoke-token", f"user:{user.pk}", user.pk, {"token": pk})])
    return bool(ended)


def live_tokens() -> QuerySet[ApiToken]:
    """Those that open something."""
    return ApiToken.objects.filter(
        Q(expires_at=None) | Q(expires_at__gt=Now()), revoked_at=None, user__is_active=True
    )


def token_for(key: str) -> ApiToken | None:
    """The token of a key that a program sent, noted as used; None if it opens nothing."""
    token = live_tokens().select_related("user").filter(digest=ApiToken.digest_of(key)).first()
    if token is None:
        return None
    if token.last_used_at is None or timezone.now() - token.last_used_at > NOTED:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=Now())
    return token
