"""The Jinja2 environment that renders rows of long lists and parts of pages."""

from typing import Any

from django.template import defaultfilters
from django.templatetags.static import static
from jinja2 import Environment, StrictUndefined

from directory import formats
from directory.addresses import address


def environment(**options: Any) -> Environment:
    """Autoescaping comes from Django's backend; an unknown name is an error."""
    made = Environment(**{**options, "undefined": StrictUndefined, "trim_blocks": True})  # noqa: S701
    made.globals |= {"url": address, "static": static}
    made.filters |= {
        "money": formats.money,
        "moment": formats.moment,
        "size": formats.size_text,
        "floatformat": defaultfilters.floatformat,
        "linebreaksbr": defaultfilters.linebreaksbr,
        "truncatechars": defaultfilters.truncatechars,
    }
    return made
