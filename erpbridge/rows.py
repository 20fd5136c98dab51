"""The Jinja2 environment that renders the rows of long lists."""

from typing import Any

from jinja2 import Environment, StrictUndefined

from directory.addresses import address


def environment(**options: Any) -> Environment:
    """Autoescaping comes from Django's backend; an unknown name is an error."""
    made = Environment(**{**options, "undefined": StrictUndefined, "trim_blocks": True})  # noqa: S701
    made.globals["url"] = address
    return made
