"""How many requests one person may make in a minute, with pages and programs, in each web process.

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
    """The same for the API, by whichever token."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        return request.user.pk is None or not too_fast(request.user.pk)

    def wait(self) -> float:
        return MINUTE - time.time() % MINUTE + 1


def too_fast(person: int) -> bool:
    """Whether this request of a person is one more than REQUESTS_A_MINUTE; 0 lets all through."""
    most, minute = settings.REQUESTS_A_MINUTE, int(time.time() // MINUTE)
    if not most:
        return False
    with _lock:
        if (minute, 0) not in _counted:
            _counted.clear()
            _counted[minute, 0] = 1
        _counted[minute, person] += 1
        return _counted[minute, person] > most


_lock = Lock()
_counted: Counter[tuple[int, int]] = Counter()
