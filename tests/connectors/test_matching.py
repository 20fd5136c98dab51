"""Which vendor of ours a vendor of the ERP is."""

import pytest

from connectors.matching import NEARLY, SAME, normal, suggestions


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Smith & Sons, Inc.", "SMITH AND SONS"),
        ("Halstead Painting L.L.C.", "halstead-painting"),
        ("03-300", "03 300"),
        ("Straße 9 GmbH", "STRASSE 9"),
    ],
)
def test_the_same_but_for_how_it_is_written(one: str, other: str) -> None:
    assert normal(one) == normal(other)


@pytest.mark.parametrize(
    ("one", "other"), [("Smith & Sons", "Smith"), ("Company Inc.", ""), ("03-300", "03-3000")]
)
def test_not_the_same(one: str, other: str) -> None:
    assert normal(one) != normal(other)


def of(theirs: list[str], ours: list[str]) -> dict[str, tuple[str, str]]:
    found = suggestions(
        {place: {name} for place, name in enumerate(theirs)},
        [(place, name, (name,)) for place, name in enumerate(ours)],
    )
    return {theirs[place]: (one.name, one.reason) for place, one in found.items()}


def test_the_same_name_comes_before_one_that_is_nearly_the_same() -> None:
    assert of(["Alder Inc", "ALDER INC"], ["Alder Inc"]) == {"Alder Inc": ("Alder Inc", SAME)}
    assert of(["Alder, Inc."], ["Alder", "Beacon"]) == {"Alder, Inc.": ("Alder", NEARLY)}


def test_what_fits_two_is_left_to_people() -> None:
    assert of(["Alder"], ["Alder Inc.", "Alder LLC"]) == {}
    assert of(["Alder Inc.", "Alder LLC"], ["Alder"]) == {}
