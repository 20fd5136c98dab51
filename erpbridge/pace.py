"""How many requests of the API one person's programs may make in a minute, in each web process.

Counted in memory: a limit that had to be written down would cost more than what it saves.
"""

from __future__ import annotations

import time
from collections import Counter
from threading import Lock
from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which itself asks for this module

MINUTE = 60


class Pace(BaseThrottle):
    """Lets through API_REQUESTS_A_MINUTE of one person; 0 lets all through."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        most, person = settings.API_REQUESTS_A_MINUTE, request.user.pk
        return not most or person is None or _made(person) <= most

    def wait(self) -> float:
        return MINUTE - time.time() % MINUTE + 1


_lock = Lock()
_counted: Counter[tuple[int, int]] = Counter()


def _made(person: int) -> int:
    """How many the person has made in this minute, with the one that is being made."""
    minute = int(time.time() // MINUTE)
    with _lock:
        if (minute, 0) not in _counted:
            _counted.clear()
            _counted[minute, 0] = 1
        _counted[minute, person] += 1
        return _counted[minute, person]
