"""Whether QuickBooks can read a request, and whether it takes the values in it.

`structure_error` says whether QuickBooks could read the document at all: if not, it refuses the
whole document with 0x80040400 and executes nothing. `bad_value` looks at the values of a readable
request: a bad one refuses only the request that it stands in, with a status code of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from xml.etree.ElementTree import Element

from sandbox.quickbooks.schema import ENUMS, MODELS, allowed_attributes

# --- the notation of the tables, read once per model --------------------------------------------


@dataclass(frozen=True, slots=True)
class One:
    """One named element of a type."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """Particles in a fixed order."""

    parts: tuple[Particle, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Exactly one of several particles."""

    options: tuple[Particle, ...]


@dataclass(frozen=True, slots=True)
class Particle:
    """A part of a content model and how often it may occur (`most` None: without limit)."""

    of: One | Sequence | Choice
    least: int
    most: int | None


_TOKEN = re.compile(r"\s*(\(|\)|\||[?*+]|\w+:\w+)")
_OCCURS: dict[str, tuple[int, int | None]] = {"?": (0, 1), "*": (0, None), "+": (1, None)}


@cache
def content_model(name: str) -> Particle:
    """The parsed content model called `name`; ``ref41`` and the like are made on the way."""
    if name.startswith("ref"):
        return _parse(f"ListID:id? FullName:str{name[3:]}?")
    return _parse(MODELS[name])


def _parse(text: str) -> Particle:
    tokens = _TOKEN.findall(text)
    position = 0

    def particle() -> Particle:
        nonlocal position
        token = tokens[position]
        position += 1
        of: One | Sequence | Choice
        if token == "(":
            of = group()
            position += 1  # the closing parenthesis
        else:
            of = One(*token.split(":"))
        if position < len(tokens) and tokens[position] in _OCCURS:
            position += 1
            return Particle(of, *_OCCURS[tokens[position - 1]])
        return Particle(of, 1, 1)

    def sequence() -> Particle:
        parts = []
        while position < len(tokens) and tokens[position] not in ")|":
            parts.append(particle())
        return parts[0] if len(parts) == 1 else Particle(Sequence(tuple(parts)), 1, 1)

    def group() -> Sequence | Choice:
        nonlocal position
        options = [sequence()]
        while tokens[position] == "|":
            position += 1
            options.append(sequence())
        return Choice(tuple(options)) if len(options) > 1 else Sequence(tuple(options))

    return sequence()


@cache
def field_types(name: str) -> dict[str, str]:
    """The types of all elements that may stand in the model called `name`."""
    types: dict[str, str] = {}

    def collect(part: Particle) -> None:
        match part.of:
            case One(element, type_name):
                types[element] = type_name
            case Sequence(parts) | Choice(parts):
                for inner in parts:
                    collect(inner)

    collect(content_model(name))
    return types


def is_container(type_name: str) -> bool:
    """Whether a type holds elements (a reference or a model) instead of text."""
    return type_name.startswith("ref") or type_name in MODELS


# --- reading a document -------------------------------------------------------------------------


def structure_error(element: Element, type_name: str) -> str | None:
    """Why QuickBooks cannot read `element` as a `type_name`, or None if it can.

    Elements that are unknown, missing, too many or out of order, text between elements and
    unknown attributes are unreadable. Values are not looked at.
    """
    if unknown := set(element.attrib) - allowed_attributes(element.tag):
        return f"{element.tag} has an unknown attribute {sorted(unknown)[0]}"
    if not is_container(type_name):
        return f"{element.tag} may only hold text" if len(element) else None
    if (element.text or "").strip() or any((child.tail or "").strip() for child in element):
        return f"{element.tag} may not hold text"
    children = list(element)
    end, missing = _match(content_model(type_name), [child.tag for child in children], 0)
    if missing:
        return f"{element.tag} lacks {missing}"
    if end < len(children):
        return f"{children[end].tag} may not stand here in {element.tag} (unknown or out of order)"
    types = field_types(type_name)
    for child in children:
        if fault := structure_error(child, types[child.tag]):
            return fault
    return None


def _match(part: Particle, tags: list[str], start: int) -> tuple[int, str | None]:
    """Where `part` ends when it begins at `start`, and the name of what it lacks, if anything.

    The models are deterministic: the next tag alone decides, so nothing is ever taken back.
    """
    count = 0
    while (part.most is None or count < part.most) and start < len(tags):
        if tags[start] not in _first(part.of):
            break
        end, missing = _match_once(part.of, tags, start)
        if missing:
            return end, missing
        start, count = end, count + 1
    if count < part.least and not _may_be_empty(part.of):
        return start, " or ".join(sorted(_first(part.of)))
    return start, None


def _match_once(of: One | Sequence | Choice, tags: list[str], start: int) -> tuple[int, str | None]:
    match of:
        case One():
            return start + 1, None
        case Sequence(parts):
            for inner in parts:
                start, missing = _match(inner, tags, start)
                if missing:
                    return start, missing
            return start, None
        case Choice(options):
            chosen = next(option for option in options if tags[start] in _first(option.of))
            return _match(chosen, tags, start)


@cache
def _first(of: One | Sequence | Choice) -> frozenset[str]:
    """The names that can begin this part."""
    match of:
        case One(name):
            return frozenset({name})
        case Choice(options):
            return frozenset().union(*(_first(option.of) for option in options))
        case Sequence(parts):
            names: frozenset[str] = frozenset()
            for inner in parts:
                names |= _first(inner.of)
                if inner.least and not _may_be_empty(inner.of):
                    break
            return names


@cache
def _may_be_empty(of: One | Sequence | Choice) -> bool:
    match of:
        case One():
            return False
        case Choice(options):
            return any(option.least == 0 or _may_be_empty(option.of) for option in options)
        case Sequence(parts):
            return all(inner.least == 0 or _may_be_empty(inner.of) for inner in parts)


# --- values ------------------------------------------------------------------------------------

_NUMBER = re.compile(r"[+-]?\d{1,10}(\.\d{1,5})?")
_PATTERNS: dict[str, tuple[re.Pattern[str], int, str]] = {
    "amt": (re.compile(r"[+-]?\d{1,13}(\.\d{2})?"), 3040, "an amount (two decimals or none)"),
    "price": (_NUMBER, 3045, "a price (at most five decimals)"),
    "pct": (_NUMBER, 3050, "a percentage (at most five decimals)"),
    "quan": (_NUMBER, 3060, "a quantity (at most five decimals)"),
    "float": (re.compile(r"[+-]?\d*\.?\d+"), 3085, "a number"),
    "int": (re.compile(r"[+-]?\d+"), 3085, "a whole number"),
    "bool": (re.compile(r"true|false|1|0"), 3010, "true or false"),
    "time": (
        re.compile(r"\d{4}-\d{1,2}-\d{1,2}(T\d{1,2}(:\d{1,2}(:\d{1,2}([+-]\d{1,2}:\d{1,2})?)?)?)?"),
        3020,
        "a date and time",
    ),
    "guid": (
        re.compile(r"0|\{[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}"),
        3065,
        "a GUID in braces",
    ),
}
_NEVER_EMPTY = {"guid", "int"}


@dataclass(frozen=True, slots=True)
class BadValue:
    """A value that QuickBooks refuses: the status code of the refusal and why."""

    code: int
    reason: str


def bad_value(element: Element, type_name: str) -> BadValue | None:
    """The first bad value in a readable `element`, or None. An empty element clears its field."""
    if is_container(type_name):
        types = field_types(type_name)
        for child in element:
            if fault := bad_value(child, types[child.tag]):
                return fault
        return None
    text = element.text or ""
    if not text and type_name not in _NEVER_EMPTY and type_name not in ENUMS:
        return None
    return _text_error(element.tag, type_name, text)


def _text_error(field: str, type_name: str, text: str) -> BadValue | None:
    if type_name.startswith("str"):
        longest = int(type_name[3:] or 0)
        if longest and len(text) > longest:
            why = f"{field} holds {len(text)} characters, at most {longest} are allowed"
            return BadValue(3070, why)
        return None
    if type_name == "id":
        return BadValue(3000, f"{field} is no object id: {text}") if len(text) > 36 else None
    if type_name in ENUMS:
        if text in ENUMS[type_name].split():
            return None
        return BadValue(3090, f"{field} is none of {ENUMS[type_name]}: {text}")
    if type_name == "date":
        return None if _is_date(text) else BadValue(3020, f"{field} is not a date: {text}")
    pattern, code, what = _PATTERNS[type_name]
    if pattern.fullmatch(text):
        return None
    return BadValue(code, f"{field} is not {what}: {text}")


def _is_date(text: str) -> bool:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
