"""How money and moments are written for people, the same in every page, row and sentence."""

from datetime import UTC, datetime
from decimal import Decimal

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString


def money(value: Decimal | None) -> str:
    """1,234.50; a deduct is -1,234.50; nothing known is '–'."""
    return "–" if value is None else f"{value:,.2f}"


def moment(at: datetime | None) -> SafeString | str:
    """A moment as an HTML element: UTC as it is sent, local time once the page's script ran."""
    if at is None:
        return "–"
    utc = timezone.localtime(at, UTC)
    return format_html(
        '<time datetime="{}">{} UTC</time>', f"{utc:%Y-%m-%dT%H:%M:%SZ}", f"{utc:%Y-%m-%d %H:%M}"
    )


def ago(at: datetime | None, now: datetime | None = None) -> SafeString | str:
    """How long ago as an HTML element, with the moment itself on hovering."""
    if at is None:
        return "–"
    utc = timezone.localtime(at, UTC)
    return format_html(
        '<time class="age" datetime="{}" title="{} UTC">{}</time>',
        f"{utc:%Y-%m-%dT%H:%M:%SZ}",
        f"{utc:%Y-%m-%d %H:%M}",
        age(at, now),
    )


def age(at: datetime | None, now: datetime | None = None) -> str:
    """How long ago: 'just now', '5 min', '3 h', '12 days'; '' for never."""
    if at is None:
        return ""
    seconds = int(((now or timezone.now()) - at).total_seconds())
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 2 * 86400:
        return f"{seconds // 3600} h"
    return f"{seconds // 86400} days"
