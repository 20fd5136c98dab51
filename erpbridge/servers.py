"""The servers of an installation, from their addresses in the environment, as Django wants them."""

import os
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from erpbridge import piggyback, prepared_statements

IDLE_TRANSACTION_SECONDS = int(os.environ.get("ERPBRIDGE_IDLE_TRANSACTION_SECONDS", "120"))
# For web processes, which set it themselves; workers and commands take as long as they need.
STATEMENT_SECONDS = int(os.environ.get("ERPBRIDGE_STATEMENT_SECONDS", "0"))


def database(url: str) -> dict[str, Any]:
    """postgresql://user:password@host:port/name?host=/socket/folder as Django wants it. What else
    stands behind the question mark, such as sslmode=verify-full, is for PostgreSQL's own client."""
    parts = urlsplit(url)
    asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    folder = asked.pop("host", "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": folder or parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        # A process that is frozen within a transaction lets go of what it has locked.
        "OPTIONS": {
            **asked,
            "options": f"-c idle_in_transaction_session_timeout={IDLE_TRANSACTION_SECONDS * 1000}"
            f" -c statement_timeout={STATEMENT_SECONDS * 1000}",
            **(
                piggyback if os.environ.get("ERPBRIDGE_PREPARE") == "0" else prepared_statements
            ).FACTORIES,
        },
    }


def mail(url: str) -> dict[str, Any]:
    """smtp://user:password@host:587 (STARTTLS), smtps://… (TLS from the start), and
    smtp://host:25?tls=no for a server on the same machine, as Django wants it."""
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps"):
        raise ImproperlyConfigured("EMAIL_URL begins with smtp://, smtps:// or page:")
    plain = parse_qs(parts.query).get("tls") == ["no"]
    return {
        "EMAIL_HOST": parts.hostname or "localhost",
        "EMAIL_PORT": parts.port or (465 if parts.scheme == "smtps" else 587),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp" and not plain,
    }
