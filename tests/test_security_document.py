"""docs/security.md tells of each requirement once, and of tests that there are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings

from directory.passwords import WORDS

DOCUMENT = settings.BASE_DIR / "docs" / "security.md"
# The numbers of levels 1 and 2 of ASVS 5.0.0, by section.
NUMBERS = """
1.1: 1-2; 1.2: 1-9; 1.3: 1-11; 1.4: 1-3; 1.5: 1-2
2.1: 1-3; 2.2: 1-3; 2.3: 1-4; 2.4: 1
3.2: 1-2; 3.3: 1-4; 3.4: 1-6; 3.5: 1-5; 3.7: 1-2
4.1: 1-3; 4.2: 1; 4.3: 1-2; 4.4: 1-4
5.1: 1; 5.2: 1-3; 5.3: 1-2; 5.4: 1-3
6.1: 1-3; 6.2: 1-12; 6.3: 1-4; 6.4: 1-4; 6.5: 1-5; 6.6: 1-3; 6.8: 1-4
7.1: 1-3; 7.2: 1-4; 7.3: 1-2; 7.4: 1-5; 7.5: 1-2; 7.6: 1-2
8.1: 1-2; 8.2: 1-3; 8.3: 1; 8.4: 1
9.1: 1-3; 9.2: 1-4
10.1: 1-2; 10.2: 1-2; 10.3: 1-4; 10.4: 1-11; 10.5: 1-5; 10.6: 1-2; 10.7: 1-3
11.1: 1-2; 11.2: 1-3; 11.3: 1-3; 11.4: 1-4; 11.5: 1; 11.6: 1
12.1: 1-3; 12.2: 1-2; 12.3: 1-4
13.1: 1; 13.2: 1-5; 13.3: 1-2; 13.4: 1-5
14.1: 1-2; 14.2: 1-4; 14.3: 1-3
15.1: 1-3; 15.2: 1-3; 15.3: 1-7
16.1: 1; 16.2: 1-5; 16.3: 1-4; 16.4: 1-3; 16.5: 1-3
17.1: 1; 17.2: 1-4; 17.3: 1-2
"""
TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
STANDS = {
    "shown by a test": re.compile(r"`tests/\S+::\w+`( `tests/\S+::\w+`)*"),
    "with the operator": re.compile(r"with the operator\b.*"),
    "open": re.compile(r"open: .+"),
    "does not apply": re.compile(r"does not apply"),
}


@dataclass(frozen=True)
class Line:
    numbers: list[str]
    where: str
    stands: str

    @property
    def way(self) -> str:
        if not self.stands and self.where.startswith("read: "):
            return "seen by reading"
        return next((way for way, form in STANDS.items() if form.fullmatch(self.stands)), "")


def lines() -> list[Line]:
    found = []
    for text in DOCUMENT.read_text().splitlines():
        if re.match(r"\| [0-9]+\.[0-9]+\.[0-9]+", text):
            numbers, _, where, stands = (cell.strip() for cell in text.split("|")[1:-1])
            found.append(Line(numbers.split(", "), where, stands))
    return found


def numbers() -> Iterator[str]:
    for section, first, last in re.findall(r"([0-9.]+): ([0-9]+)(?:-([0-9]+))?", NUMBERS):
        for number in range(int(first), int(last or first) + 1):
            yield f"{section}.{number}"


def test_each_requirement_stands_there_once() -> None:
    told = Counter(number for line in lines() for number in line.numbers)
    assert sum(1 for _ in numbers()) == 253
    assert told == Counter(numbers())


def test_each_line_says_how_it_stands_and_the_counts_are_right() -> None:
    assert [line.numbers for line in lines() if not line.way] == []
    ways = Counter(line.way for line in lines() for _ in line.numbers)
    ways["all of levels 1 and 2"] = ways.total()
    told = re.findall(r"^\| ([^|]+) \| ([0-9]+) \| [^|]*\|$", DOCUMENT.read_text(), re.MULTILINE)
    assert {way: int(count) for way, count in told} == ways


def test_each_test_that_is_named_is_there() -> None:
    named = TEST.findall(DOCUMENT.read_text())
    assert len(named) > 100
    missing = []
    for path, name in named:
        file = settings.BASE_DIR / path
        text = file.read_text() if file.exists() else ""
        if not re.search(rf"^def {name}\(", text, re.MULTILINE) if name else not text:
            missing.append(f"{path}::{name}")
    assert missing == []


def test_the_words_that_are_no_passwords_are_those_of_the_code() -> None:
    [told] = re.findall(r"and these words:\s([^.]+)\.", DOCUMENT.read_text())
    assert sorted(re.split(r",\s", told)) == sorted(WORDS)


def test_each_file_that_is_named_is_there() -> None:
    text = DOCUMENT.read_text()
    paths = re.findall(r"`((?:\w+/)+\w+\.\w+)`", text)
    links = [f"docs/{name}" for name in re.findall(r"\]\((\w+\.md)\)", text)]
    assert [one for one in paths + links if not (settings.BASE_DIR / one).exists()] == []
