"""Writing qbXML answers, the way QuickBooks writes them: ASCII with character references."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from sandbox.quickbooks.records import Field
from sandbox.quickbooks.statuses import OK, severity

# A part of an answer: the name of its element, and the element as XML.
Part = tuple[str, str]


@dataclass(slots=True)
class Answer:
    """What is answered to one request.

    `objects` are the Ret elements (or whatever the request answers with). `recovery` is what stays
    in the message-set memory of a write: the ids under which the record can be found again.
    """

    objects: list[str] = field(default_factory=list)
    code: int = OK
    message: str = "Status OK"
    attributes: dict[str, str] = field(default_factory=dict)
    recovery: str = ""


def escape(text: str) -> str:
    """`text` as XML character data or attribute value, in pure ASCII."""
    for character, reference in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(character, reference)
    return text.encode("ascii", "xmlcharrefreplace").decode("ascii")


def part(name: str, value: str | bool | int | Decimal) -> Part:
    """A part that holds one value; Decimals are written as they are (never with an exponent)."""
    if isinstance(value, bool):
        value = "true" if value else "false"
    elif isinstance(value, Decimal):
        value = format(value, "f")
    return name, f"<{name}>{escape(str(value))}</{name}>"


def group(name: str, parts: Iterable[Part]) -> Part:
    """A part that holds other parts."""
    return name, f"<{name}>{''.join(xml for _, xml in parts)}</{name}>"


def ref(name: str, list_id: str, full_name: str) -> Part:
    """A reference to a list entry."""
    return group(name, [part("ListID", list_id), part("FullName", full_name)])


def named_parts(name: str, value: Field) -> Part:
    """A text field, or one with named parts such as an address."""
    if isinstance(value, str):
        return part(name, value)
    return group(name, [part(inner, text) for inner, text in value.items()])


def money(amount: Decimal) -> Decimal:
    """An amount with two decimals."""
    return amount.quantize(Decimal("0.01"))


def response(request: str, request_id: str | None, answer: Answer, *, objects: bool = True) -> str:
    """The ``…Rs`` element that answers the request called `request` (``…Rq``)."""
    name = request.removesuffix("Rq") + "Rs"
    attributes = {} if request_id is None else {"requestID": request_id}
    attributes |= {
        "statusCode": str(answer.code),
        "statusSeverity": severity(answer.code),
        "statusMessage": answer.message,
    }
    attributes |= answer.attributes
    written = " ".join(f'{key}="{escape(value)}"' for key, value in attributes.items())
    body = "".join(answer.objects) if objects else answer.recovery
    return f"<{name} {written}>{body}</{name}>\n" if body else f"<{name} {written} />\n"


def document(inside: str, attributes: dict[str, str]) -> str:
    """A whole answer document around the answers of a message set."""
    written = "".join(f' {key}="{escape(value)}"' for key, value in attributes.items())
    head = f'<?xml version="1.0" ?>\n<QBXML>\n<QBXMLMsgsRs{written}>\n'
    return f"{head}{inside}</QBXMLMsgsRs>\n</QBXML>\n"
