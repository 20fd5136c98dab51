"""What a program asks for, read strictly: every fault of a request is found at once.

A request's body or parameters are described by a `msgspec.Struct`; the same class is its schema in
the API's documents. Unknown names, wrong types and impossible values are refused, nothing is
guessed: a number in a text, or money as a binary fraction, is a fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Annotated, Any, TypeVar, get_args, get_origin

import msgspec
from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ParseError
from rest_framework.request import Request

T = TypeVar("T", bound=msgspec.Struct)

Id = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
Text = Annotated[str, msgspec.Meta(max_length=10_000)]
# With its offset from UTC, as our answers write it.
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
# So that no binary fraction comes between.
Number = Annotated[str | None, msgspec.Meta(description='A decimal in a text, such as "1500.00".')]
CostCodeName = Annotated[
    Id | str | None, msgspec.Meta(description="The id of a cost code, or its code in a text.")
]
CategoryName = Annotated[
    Id | str | None, msgspec.Meta(description="The id of a category, or its name in a text.")
]
# As many as a page holds: rows of a list.
Size = Annotated[int, msgspec.Meta(ge=1, le=200)]
PAGE = 50


def one_of(values: Iterable[str]) -> msgspec.Meta:
    """To annotate `str` with: one of these words, as a Django enumeration has them."""
    values = [str(value) for value in values]
    return msgspec.Meta(pattern=f"^({'|'.join(values)})$", extra_json_schema={"enum": values})


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong with a request.

    `where` is the name of a parameter, or a JSON pointer into the body: /lines/0/amount.
    """

    where: str
    text: str


class Unreadable(Exception):
    """The request does not say what it should; all that is wrong with it."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = list(faults)
        super().__init__(" ".join(f"{fault.where}: {fault.text}" for fault in self.faults))


def body(request: Request, wanted: type[T]) -> T:
    """The request's JSON body. Raises Unreadable with every fault."""
    data = request.data
    if isinstance(data, QueryDict):  # no body at all
        data = {}
    if not isinstance(data, Mapping):
        raise ParseError("The body has to be a JSON object.")
    faults: list[Fault] = []
    read = _struct(data, wanted, "/", faults, strict=True)
    if read is None:
        raise Unreadable(faults)
    return read


def parameters(request: Request, wanted: type[T]) -> T:
    """The parameters behind the question mark. Raises Unreadable with every fault."""
    given = request.query_params
    faults = [
        Fault(name, "This is given more than once.")
        for name, values in given.lists()
        if len(values) > 1
    ]
    read = _struct(given.dict(), wanted, "", faults, strict=False)
    if read is None or faults:
        raise Unreadable(faults)
    return read


def described(wanted: type[msgspec.Struct]) -> list[OpenApiParameter]:
    """The parameters behind the question mark, for the schema."""
    _, parts = msgspec.json.schema_components([wanted])
    schema = parts[wanted.__name__]
    return [
        OpenApiParameter(name, type=part, required=name in schema["required"])
        for name, part in schema["properties"].items()
    ]


def _struct(
    data: Mapping[str, Any], wanted: type[T], where: str, faults: list[Fault], *, strict: bool
) -> T | None:
    """`data` as `wanted`; None if anything is wrong, which is then in `faults`."""
    fields = _fields(wanted)
    before = len(faults)
    faults += [
        Fault(where + str(name), "There is nothing of this name here.")
        for name in data
        if name not in fields
    ]
    values = {}
    for name, field in fields.items():
        if name in data:
            values[field.name] = _value(data[name], field.type, where + name, faults, strict=strict)
        elif field.required:
            faults.append(Fault(where + name, "This is needed."))
    return wanted(**values) if len(faults) == before else None


@cache
def _fields(wanted: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    """Kept, because it is asked for again with every row of a list."""
    return {field.encode_name: field for field in msgspec.structs.fields(wanted)}


def _value(value: Any, wanted: Any, where: str, faults: list[Fault], *, strict: bool) -> Any:
    [row_type] = get_args(wanted) if get_origin(wanted) is list else [None]
    if isinstance(row_type, type) and issubclass(row_type, msgspec.Struct):
        if not isinstance(value, list):
            faults.append(Fault(where, "Expected a list."))
            return None
        faults += [
            Fault(f"{where}/{place}", "Expected an object.")
            for place, row in enumerate(value)
            if not isinstance(row, Mapping)
        ]
        return [
            _struct(row, row_type, f"{where}/{place}/", faults, strict=strict)
            for place, row in enumerate(value)
            if isinstance(row, Mapping)
        ]
    if isinstance(value, str) and "\0" in value:
        faults.append(Fault(where, "This holds a character that cannot be kept (NUL)."))
        return None
    try:
        return msgspec.convert(value, wanted, strict=strict)
    except msgspec.ValidationError as error:
        faults.append(Fault(where, _expected(wanted, str(error))))
        return None


def _expected(wanted: Any, said: str) -> str:
    """What is wrong with a value and what is taken in its place; `said` is what msgspec says."""
    words = f"{said.replace('`', '')}."
    if said == "Invalid RFC3339 encoded date":
        words = "Expected a date like 2026-03-02."
    for meta in _metas(wanted):
        if words_taken := (meta.extra_json_schema or {}).get("enum"):
            words = f"Expected one of: {', '.join(words_taken)}."
        if meta.description:
            words += f" {meta.description}"
    return words


def _metas(wanted: Any) -> Iterable[msgspec.Meta]:
    """What is said of a type, and of those that it may be instead: null, mostly."""
    yield from getattr(wanted, "__metadata__", ())
    for part in get_args(wanted):
        if get_origin(part) is Annotated:
            yield from part.__metadata__
