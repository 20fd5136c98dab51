"""Logs: one JSON object per line, with the ids of what it is about, and no secrets.

Whoever works for a request, a task, a lane or a conversation binds its ids; every line that is
written meanwhile, by whatever code, carries them: `request` and the `address` it came from, `task`,
`company`, `connection`, `session`, `message`, `conversation`, `export`. With ERPBRIDGE_DEBUG lines
are for reading.
"""

from __future__ import annotations

import logging.config
import re
import secrets
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog
from celery.signals import setup_logging, task_postrun, task_prerun
from django.http import HttpRequest, HttpResponse
from structlog.contextvars import bind_contextvars, clear_contextvars, merge_contextvars
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name

# Wherever a secret of ours could stand in a text that somebody logs.
_SECRETS = [
    (re.compile(r"\beb_[A-Za-z0-9_-]{12,}"), "eb_(hidden)"),
    (re.compile(r"(://[^:/@\s\"\\]*:)[^@\s\"\\]+@"), r"\1(hidden)@"),
    (re.compile(r"(?i)(<(?:\w+:)?(?:strPassword|Authorization_ID)[^>]*>)[^<]+"), r"\1(hidden)"),
    (re.compile(r"(?i)\b(basic|bearer) [A-Za-z0-9+/=._~-]{8,}"), r"\1 (hidden)"),
]


def formatter(debug: bool) -> dict[str, Any]:
    """The formatter of `settings.LOGGING`."""
    # Never the local variables of a traceback: they hold passwords and tokens.
    plain = structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback
    )
    last: list[Any] = (
        [plain]
        if debug
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    return {
        "()": ProcessorFormatter,
        "foreign_pre_chain": [
            merge_contextvars,
            ExtraAdder(allow=ABOUT),
            _who,
            add_log_level,
            add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _refused,
        ],
        "processors": [ProcessorFormatter.remove_processors_meta, *last, _without_secrets],
    }


def _refused(_logger: Any, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A request that Django refuses for how it was made (a foreign Host, too many fields) is no
    fault here, and anybody may send thousands: a line without a traceback."""
    if line["logger"].startswith("django.security."):
        line.pop("exc_info", None)
        line["level"] = "warning"
    return line


def _who(_logger: Any, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A request that was refused (403, 404 and their like) is told with who made it, where that was
    found out already."""
    request = getattr(line.get("_record"), "request", None)
    if isinstance(request, HttpRequest):
        # A page's is looked up when it is first asked for; a program's is set by the API.
        known = getattr(request, "_cached_user", None) or vars(request).get("user")
        asleep = type(known).__name__ == "SimpleLazyObject"
        person = None if asleep else getattr(known, "pk", None)
        if person is not None:
            line["person"] = person
    return line


# What a line may say of itself beside its words.
ABOUT = {"company", "connection", "session", "conversation", "export", "exports", "by"}
ABOUT |= {"person", "method"}  # who signs in, and how


def _without_secrets(_logger: Any, _name: str, line: str) -> str:
    for pattern, instead in _SECRETS:
        line = pattern.sub(instead, line)
    return line


def of_request(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: the lines of one request can be told from those of others."""

    def middleware(request: HttpRequest) -> HttpResponse:
        clear_contextvars()  # at the beginning: Django itself writes lines after the end
        bind_contextvars(
            request=secrets.token_hex(6), address=request.META.get("REMOTE_ADDR", "")[:45]
        )
        return get_response(request)

    return middleware


@task_prerun.connect
def _task_begins(task: Any = None, task_id: str = "", args: Any = (), **_told: Any) -> None:
    bind_contextvars(task=getattr(task, "name", ""), run=task_id, ids=args)


@task_postrun.connect
def _task_ends(**_told: Any) -> None:
    clear_contextvars()


@setup_logging.connect
def _as_in_the_web(**_told: Any) -> None:
    """Celery's processes log as all others do."""
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)
