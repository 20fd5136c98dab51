"""What a category becomes in QuickBooks, by the company's setting: nothing, a sub-item, a class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from connectors.contract import Document, Line, Problem, Terms, aggregate, pair
from connectors.quickbooks import errors

NOTHING, SUB_ITEM, CLASS = "nothing", "sub_item", "class"
CHOICES = {
    NOTHING: "Nothing: a line goes to the item of its cost code, whatever its category.",
    SUB_ITEM: "A sub-item of the cost code's item: 03-300:Labor.",
    CLASS: "A class: the item stays 03-300, and the line gets the class Labor.",
}


def setting(settings: Mapping[str, str]) -> str:
    """What categories become with these settings of the company."""
    return settings.get("category") or NOTHING


def item_name(item: str, category: str, settings: Mapping[str, str]) -> str:
    """What the item of a cost code is called for a category; QuickBooks parts levels by a colon."""
    return f"{item}:{category}" if setting(settings) == SUB_ITEM else item


def lists(settings: Mapping[str, str]) -> tuple[str, ...]:
    """The lists that matter; classes only where categories are classes."""
    classes = ("classes",) if setting(settings) == CLASS else ()
    return ("vendors", "jobs", "cost_codes", *classes, "deleted")


def matter(terms: Terms | None) -> bool:
    """Whether lines of one cost code and different categories stand apart."""
    return terms is not None and setting(terms.settings) != NOTHING


def problems(document: Document, terms: Terms, facts: Mapping[str, str]) -> Iterator[Problem]:
    """What keeps the categories of a document from going, with where to mend it."""
    chosen = setting(terms.settings)
    if chosen not in CHOICES:
        text = f"The company setting “category: {chosen}” cannot be exported."
        yield Problem(code="category", text=text, where="settings")
        return
    if chosen == NOTHING:
        return
    if chosen == CLASS and facts.get("classes") == "off":
        text = f"Class tracking is switched off in QuickBooks. {errors.SWITCH_ON['classes']}."
        yield Problem(code="category", text=text, where="settings")
    missing = _without_item if chosen == SUB_ITEM else _without_class
    told: set[str] = set()
    for line in document.lines:
        if (text := missing(terms, line)) and text not in told:
            told.add(text)
            yield Problem(code="category", text=text, where=f"line:{line.number}")
    if document.kind == "change_order":
        yield from _mixed(document.lines)


def _without_item(terms: Terms, line: Line) -> str:
    code = terms.items.get(str(line.cost_code.id))
    if code is None or pair(line) in terms.items:
        return ""
    name = item_name(code.name, line.category.name, terms.settings)
    return (
        f"QuickBooks has no item {name} that can take costs. Make it there as a sub-item of "
        f"{code.name}, with a purchase side, then press Sync now on the Connection page."
    )


def _without_class(terms: Terms, line: Line) -> str:
    if str(line.category.id) in terms.classes:
        return ""
    return (
        f"QuickBooks has no active class {line.category.name}. Make it there, then press Sync now "
        "on the Connection page."
    )


def _mixed(lines: Sequence[Line]) -> Iterator[Problem]:
    """One line of the order can have one category only."""
    if any(line.commitment_line is None for line in lines):
        return
    for _, parts, _ in aggregate(lines):
        if len({part.category.id for part in parts}) > 1:
            numbers = ", ".join(str(part.number) for part in parts)
            yield Problem(
                code="category",
                text=f"Lines {numbers} change the same line of the commitment under different "
                "categories. Give them the one of that line.",
                where=f"line:{parts[0].number}",
            )
