"""Numbers that documents get by themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence


def number_after(numbers: Sequence[str]) -> str:
    """001, or one more than the newest of `numbers` (they come newest first) that is still free."""
    if not numbers:
        return "001"
    counted = re.fullmatch(r"(.*?)([0-9]{1,9})", numbers[0])
    before, digits = counted.groups() if counted else ("", f"{len(numbers):03d}")
    count = int(digits) + 1
    taken = set(numbers)
    while (number := f"{before}{count:0{len(digits)}d}") in taken:
        count += 1
    return number
