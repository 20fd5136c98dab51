"""What an approver says with a rejection: a reason of the company's, the lines it is about, and
their own words, as one comment that everybody reads alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from approvals.errors import StepError
from approvals.models import Export
from directory.models import Company


def comment(
    company: Company,
    note: str,
    *,
    reason: str = "",
    lines: Sequence[int] = (),
    export: Export | None = None,
) -> str:
    """The comment: 'Wrong cost code (lines 2 and 5): it is 03-300.' '' if nothing was said.

    Raises StepError for a reason that the company does not keep, or a line that `export`, one item
    alone, does not have.
    """
    if reason and reason not in company.rejection_reasons:
        raise StepError(
            f"'{reason}' is no longer among the reasons that {company} keeps. Choose another one.",
            "reason",
        )
    if lines:
        there = {line.number for line in export.document.lines} if export and export.copy else set()
        if missing := [line for line in lines if line not in there]:
            raise StepError(f"There is no {_lines(missing)} in what was sent.", "lines")
    about = f" ({_lines(lines)})" if lines else ""
    head = f"{reason}{about}" if reason else _lines(lines).capitalize() if lines else ""
    return ": ".join(part for part in (head, note.strip()) if part)


def numbers(text: str) -> list[int]:
    """The line numbers that a person typed: '2, 5' or '2 5'. Raises StepError."""
    words = re.split(r"[,;\s]+", text.strip()) if text.strip() else []
    if not all(re.fullmatch(r"[0-9]{1,9}", word) for word in words):
        raise StepError("Name lines by their numbers: 2, 5.", "lines")
    return sorted({int(word) for word in words})


def _lines(lines: Iterable[int]) -> str:
    *most, last = map(str, lines)
    return f"lines {', '.join(most)} and {last}" if most else f"line {last}"
