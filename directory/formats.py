"""How money and moments are written for people, the same in every page, row and sentence."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe


def money(value: Decimal | None) -> str:
    """1,234.50; a deduct is -1,234.50; nothing known is '–'."""
    return "–" if value is None else f"{value:,.2f}"


def plain(value: Decimal | None, places: int = 0) -> str:
    """A quantity or unit cost with at least `places` decimals: 12.5, 1,250, 0.335."""
    if value is None:
        return ""
    text = f"{value:,.4f}".rstrip("0")
    whole, _, decimals = text.partition(".")
    decimals = decimals.ljust(places, "0")
    return f"{whole}.{decimals}" if decimals else whole


def moment(at: datetime | None) -> SafeString | str:
    """A moment as an HTML element: UTC as it is sent, local time once the page's script ran."""
    if at is None:
        return "–"
    day, clock = _utc(at)
    return mark_safe(  # noqa: S308 nothing but digits
        f'<time datetime="{day}T{clock}Z">{day} {clock[:5]} UTC</time>'
    )


def ago(at: datetime | None, now: datetime | None = None) -> SafeString | str:
    """How long ago as an HTML element, with the moment itself on hovering."""
    if at is None:
        return "–"
    day, clock = _utc(at)
    return mark_safe(  # noqa: S308 nothing but digits and our own words
        f'<time class="age" datetime="{day}T{clock}Z" title="{day} {clock[:5]} UTC">'
        f"{age(at, now)}</time>"
    )


def _utc(at: datetime) -> tuple[str, str]:
    """Day and time to the second. `strftime` takes three times as long."""
    day, _, clock = at.astimezone(UTC).isoformat(timespec="seconds").partition("T")
    return day, clock[:8]


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


def counted(number: int, what: str, several: str = "") -> str:
    """'1 day', '0 days', '1,200 days'; `several` is said of any other number than 1."""
    return f"{number:,} {what if number == 1 else several or f'{what}s'}"


def span(time: timedelta) -> str:
    """How long: '1 second', '90 seconds', '15 minutes', '24 hours'."""
    seconds = round(time.total_seconds())
    if seconds < 120:
        return counted(seconds, "second")
    if seconds < 120 * 60:
        return counted(round(seconds / 60), "minute")
    return counted(round(seconds / 3600), "hour")


def size_text(size: int) -> str:
    """How much a file holds: '812 bytes', '120 KB', '3.4 MB', '5.0 GB'."""
    if size < 1000:
        return f"{size} bytes"
    if size < 1000 * 1024:
        return f"{max(1, round(size / 1024))} KB"
    if size < 1000 * 1024**2:
        return f"{size / 1024**2:.1f} MB"
    return f"{size / 1024**3:.1f} GB"
