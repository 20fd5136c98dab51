"""What has changed in where an export goes, since it was accepted: told to people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connectors.contract import Document, Ref, Terms, pair


def what_changed(document: Document, accepted: Terms, now: Terms) -> str:
    """A sentence's end for each vendor, job, item or category that is another one now, or is called
    otherwise; in general words where it is none of these."""
    told = [
        *_ref("the vendor", accepted.vendor, now.vendor),
        *_ref("the job", accepted.job, now.job),
        *_refs(_codes(document), accepted.items, now.items),
        *_refs(_categories(document), accepted.classes, now.classes),
    ]
    return "; ".join(told) or "the record itself, its number, or a setting of the company"


def _codes(document: Document) -> Mapping[str, str]:
    """How `Terms.items` names what -> what it is, in words."""
    called = {}
    for line in document.lines:
        code = line.cost_code.code or line.cost_code.name
        called[str(line.cost_code.id)] = f"cost code {code}"
        called[pair(line)] = f"cost code {code} with category {line.category.name}"
    return called


def _categories(document: Document) -> Mapping[str, str]:
    return {str(line.category.id): f"category {line.category.name}" for line in document.lines}


def _refs(
    called: Mapping[str, str], accepted: Mapping[str, Ref], now: Mapping[str, Ref]
) -> Iterator[str]:
    for key, what in called.items():
        yield from _ref(what, accepted.get(key), now.get(key))


def _ref(what: str, was: Ref | None, now: Ref | None) -> Iterator[str]:
    if was == now:
        return
    if now is None:
        yield f"{what} was “{was.name if was else ''}”, which is not in use there now"
    elif was is None:
        yield f"{what} is “{now.name}” now"
    elif was.name == now.name:
        yield f"{what} is another “{now.name}” now"
    elif was.id == now.id:
        yield f"{what} was called “{was.name}” and is called “{now.name}” now"
    else:
        yield f"{what} was “{was.name}” and is “{now.name}” now"
