"""Which of our rows a record of the ERP is: of the same name, or of one written otherwise."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

SAME = "the same name"
NEARLY = "the same name but for case, punctuation and the form of the company"

# What companies add to their names, and people leave out.
_FORMS = re.compile(
    r"\b(incorporated|inc|llc|llp|lp|ltd|limited|corporation|corp|company|co|plc|gmbh)\b"
)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One of our rows by its id and name, and why it is suggested."""

    id: int
    name: str
    reason: str


def normal(name: str) -> str:
    """A name without what people write differently: `Smith & Sons, Inc.` is `smithandsons`."""
    words = name.casefold().replace("&", " and ")
    short = _FORMS.sub(" ", words.replace(".", ""))
    return re.sub(r"\W+|_", "", short) or re.sub(r"\s+", "", words)


def suggestions(
    theirs: Mapping[int, Collection[str]], ours: Iterable[tuple[int, str, Collection[str]]]
) -> dict[int, Suggestion]:
    """For each record of the ERP (id -> its names) the one row of ours that it must be.

    `ours` are (id, name to show, names). What fits two, or is fitted by two, is left to people.
    """
    rows = list(ours)
    found: dict[int, Suggestion] = {}
    for reason, form in ((SAME, str), (NEARLY, normal)):
        taken = {one.id for one in found.values()}
        by_name: dict[str, set[int]] = {}
        for row, _, names in rows:
            if row not in taken:
                for name in names:
                    by_name.setdefault(form(name), set()).add(row)
        shown = {row: name for row, name, _ in rows}
        fits: dict[int, int] = {}
        for record, names in theirs.items():
            if record in found:
                continue
            rows_of = set().union(*(by_name.get(form(name), set()) for name in names))
            if len(rows_of) == 1:
                fits[record] = rows_of.pop()
        claims = Counter(fits.values())
        found |= {
            record: Suggestion(row, shown[row], reason)
            for record, row in fits.items()
            if claims[row] == 1
        }
    return found
