"""Pages of a list by keyset: a page begins after the last key of the one before it."""

from typing import Any

PAGE = 100


def page(rows: Any, key: str, after: str, size: int = PAGE) -> tuple[list[Any], str]:
    """The rows of the queryset `rows` behind the key `after` ('' for the first page), and the key
    that the next page begins after, '' if there is none. `key` names a unique text column."""
    rows = rows.order_by(key)
    if after:
        rows = rows.filter(**{f"{key}__gt": after})
    found = list(rows[: size + 1])
    return found[:size], getattr(found[size - 1], key) if len(found) > size else ""
