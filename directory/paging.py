"""Long lists: pages by keyset, rows by Jinja2."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

from django.template import engines
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

PAGE = 100


def page(rows: Any, key: str, after: str, size: int = PAGE) -> tuple[list[Any], str]:
    """The rows of the queryset `rows` behind the key `after` ('' for the first page), and the key
    that the next page begins after, '' if there is none. `key` names a unique text column."""
    rows = rows.order_by(key)
    if after:
        rows = rows.filter(**{f"{key}__gt": after})
    found = list(rows[: size + 1])
    return found[:size], getattr(found[size - 1], key) if len(found) > size else ""


def rows_html(template: str, **context: Any) -> SafeString:
    """Rows of a table, or another part of a page, from a Jinja2 template, which escapes itself."""
    return mark_safe(engines["jinja2"].get_template(template).render(context))  # noqa: S308


def escaped(rows: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
    """The same cells, escaped for HTML, all at once: done one by one it takes longer than the rest
    of a row. For a template that puts them in as they are; each row is as wide as the first.
    """
    if not rows:
        return rows
    # No text that the database keeps holds a NUL.
    cells = iter(escape("\0".join(chain.from_iterable(rows))).split("\0"))
    return list(zip(*[cells] * len(rows[0]), strict=True))
