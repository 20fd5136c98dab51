"""Our tables of the format, held against the published schema where that is at hand.

The schema is not ours to ship. ``QBXML_SCHEMA=<folder of the 13.0 schema> pytest …`` runs this.
"""

import os
import random
from xml.etree.ElementTree import Element, SubElement, tostring

import pytest

from sandbox.quickbooks.checking import (
    Choice,
    One,
    Particle,
    Sequence,
    bad_value,
    content_model,
    field_types,
    is_container,
    structure_error,
)
from sandbox.quickbooks.schema import ENUMS, REQUESTS, allowed_attributes
from tests.sandbox.qbxml import HEAD, published_schema

WITHOUT_SCHEMA = not os.environ.get("QBXML_SCHEMA")
ROUNDS = 150

GOOD = {
    "id": ["80000001-1467312345", "x" * 36],
    "amt": ["0.00", "-12", "+1234567890123.45", ""],
    "price": ["1.5", "1234567890.12345", "-3"],
    "quan": ["1", "0.00001"],
    "pct": ["12.5"],
    "date": ["2026-03-02", ""],
    "time": ["2026-03-02T09:30:00-05:00", "2026-03-02"],
    "bool": ["true", "0", ""],
    "int": ["5"],
    "float": ["1.25"],
    "guid": ["0", "{12345678-1234-1234-1234-123456789ABC}"],
}
BAD = {
    "id": ["x" * 37],
    "amt": ["1.5", "1.234", "1e3", "12345678901234"],
    "price": ["1.123456", "12345678901"],
    "quan": ["1,5"],
    "pct": ["five"],
    "date": ["02.03.2026", "2026-02-30"],
    "time": ["2026-03-02T09:30:00Z", "2026-03-02T09:30:00.5-05:00"],
    "bool": ["yes"],
    "int": ["1.5", ""],
    "float": ["1e5"],
    "guid": ["12345678-1234-1234-1234-123456789ABC", ""],
}


def fill(element: Element, type_name: str, chance: random.Random) -> None:
    """Fill an element with something that our tables allow."""
    if not is_container(type_name):
        element.text = text_for(type_name, chance)
        return
    types = field_types(type_name)

    def add(part: Particle) -> None:
        most = part.least + 2 if part.most is None else part.most
        for _ in range(chance.randint(part.least, most)):
            match part.of:
                case One(name):
                    fill(SubElement(element, name), types[name], chance)
                case Sequence(parts):
                    for inner in parts:
                        add(inner)
                case Choice(options):
                    add(chance.choice(options))

    add(content_model(type_name))


def text_for(type_name: str, chance: random.Random) -> str:
    if type_name.startswith("str"):
        return "x" * int(type_name[3:] or 5000)
    if type_name in ENUMS:
        return chance.choice(ENUMS[type_name].split())
    return chance.choice(GOOD[type_name])


def spoil(request: Element, chance: random.Random) -> None:
    """Swap, drop, double or rename one element somewhere."""
    places = [each for each in request.iter() if len(each)] or [request]
    where = chance.choice(places)
    children = list(where)
    match chance.choice(["swap", "drop", "double", "rename", "attribute"]):
        case "swap" if len(children) > 1:
            first, second = chance.sample(range(len(children)), 2)
            where[first], where[second] = children[second], children[first]
        case "drop" if children:
            where.remove(chance.choice(children))
        case "double" if children:
            where.insert(chance.randrange(len(children)), chance.choice(children))
        case "rename" if children:
            chance.choice(children).tag = "Memo"
        case _:
            where.set(chance.choice(["requestID", "iterator", "defMacro", "nonsense"]), "Start")


def published_says(request: Element) -> str | None:
    from lxml import etree

    message_set = tostring(request, encoding="unicode")
    text = f'{HEAD}<QBXML><QBXMLMsgsRq onError="stopOnError">{message_set}</QBXMLMsgsRq></QBXML>'
    schema = published_schema()
    return None if schema.validate(etree.fromstring(text.encode())) else str(schema.error_log)


def ours_say(request: Element) -> str | None:
    if fault := structure_error(request, request.tag):
        return fault
    bad = bad_value(request, request.tag)
    return bad.reason if bad else None


@pytest.mark.skipif(WITHOUT_SCHEMA, reason="QBXML_SCHEMA is not set: THE TABLES WERE NOT CHECKED")
@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_the_published_schema_takes_what_our_tables_take_and_refuses_the_rest(name):
    chance = random.Random(name)
    refused = 0
    for _ in range(ROUNDS):
        request = Element(name)
        fill(request, name, chance)
        assert ours_say(request) is None
        assert published_says(request) is None
        spoil(request, chance)
        ours, published = ours_say(request), published_says(request)
        assert (ours is None) == (published is None), f"ours: {ours}; published: {published}"
        refused += ours is not None
    assert refused > ROUNDS / 10


@pytest.mark.skipif(WITHOUT_SCHEMA, reason="QBXML_SCHEMA is not set: THE TABLES WERE NOT CHECKED")
@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_the_published_schema_refuses_the_same_values(name):
    chance = random.Random(name)
    for _ in range(ROUNDS):
        request = Element(name)
        fill(request, name, chance)
        texts = [
            (element, types[element.tag])
            for parent, types in containers(request, name)
            for element in parent
            if not is_container(types[element.tag]) and types[element.tag] != "str"
        ]
        if not texts:
            continue
        element, kind = chance.choice(texts)
        if kind.startswith("str"):
            element.text = "x" * (int(kind[3:]) + 1)
        else:
            element.text = "Nonsense" if kind in ENUMS else chance.choice(BAD[kind])
        assert published_says(request) is not None, f"{element.tag}: {element.text}"
        assert bad_value(request, name) is not None, f"{element.tag}: {element.text}"


def containers(element: Element, type_name: str):
    """Every element that holds elements, with the types of what it holds."""
    types = field_types(type_name)
    yield element, types
    for child in element:
        if is_container(types[child.tag]):
            yield from containers(child, types[child.tag])


def test_attributes_stand_only_where_they_mean_something():
    assert "iterator" in allowed_attributes("VendorQueryRq")
    assert "iterator" not in allowed_attributes("ClassQueryRq")
    assert "requestID" in allowed_attributes("TxnDelRq")
    assert not allowed_attributes("Memo")
