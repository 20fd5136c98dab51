"""How long things take, in words that a person would say."""

from datetime import timedelta

import pytest

from directory.formats import counted, span


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (60, "60 seconds"),
        (600, "10 minutes"),
        (5400, "90 minutes"),
        (86_400, "24 hours"),
    ],
)
def test_a_span_is_told_in_the_number_that_it_has(seconds: int, words: str) -> None:
    assert span(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(("number", "words"), [(0, "0 lines were"), (1, "1 line was")])
def test_what_is_counted_is_told_in_the_number_that_it_has(number: int, words: str) -> None:
    assert counted(number, "line was", "lines were") == words
    assert counted(1200, "row") == "1,200 rows"
