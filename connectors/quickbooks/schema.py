"""The part of qbXML 13.0 that we send: which elements, in which order, of what kind and length.

A `Shape` writes its elements in the order of the table, whatever order they are given in, and
refuses what the table does not know or what does not fit: QuickBooks would refuse the whole
request, or worse, cut it. The rules that no schema states are here too (a line is named once, the
lines stand in the order of the document).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from connectors.contract import Refused
from connectors.quickbooks.qbxml import escape
from connectors.quickbooks.words import fit

ID_LENGTH = 36
NEW_LINE = "-1"

REF_NUMBER, MEMO, VENDOR_MESSAGE, DESCRIPTION = 11, 4095, 99, 4095

_AMOUNT = re.compile(r"-?\d{1,13}\.\d{2}")
_RATE = re.compile(r"-?\d{1,10}(?:\.\d{1,5})?")
_AS_IT_IS = re.compile(r"[\n !#-%'-;=?-~]*")  # neither to be fitted nor to be escaped
_PLAIN_ID = re.compile(rf"[0-9A-Za-z-]{{1,{ID_LENGTH}}}")
_GUID = re.compile(r"\{[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}")

Writer = Callable[[Any], str]


class Unfit(Refused):
    """A value that QuickBooks has no room for. Nothing goes out."""


def amount(value: Decimal) -> str:
    """Money with exactly two decimals. Raises Unfit for a third one or more than 13 digits."""
    if not value:
        return "0.00"
    written = str(value)  # an exponent does not match, and is written out below
    if _AMOUNT.fullmatch(written):
        return written
    written = f"{value:.2f}"
    if not _AMOUNT.fullmatch(written) or Decimal(written) != value:
        raise Unfit(f"The amount {value} has more than two decimals, or more than 13 digits.")
    return written


def rate(value: Decimal) -> str:
    """A price or quantity of at most five decimals. Raises Unfit where it has more."""
    if not value:
        return "0"
    written = str(value)  # an exponent does not match, and is written out below
    if _RATE.fullmatch(written):
        return written
    written = f"{value:.5f}".rstrip("0").rstrip(".")
    if not _RATE.fullmatch(written) or Decimal(written) != value:
        raise Unfit(f"{value} has more than five decimals, or more than ten digits before them.")
    return written


def fits_rate(value: Decimal) -> bool:
    """Whether a price or quantity can be written exactly."""
    try:
        rate(value)
    except Unfit:
        return False
    return True


def _text(limit: int) -> Writer:
    def write(value: str) -> str:
        if len(value) <= limit and _AS_IT_IS.fullmatch(value):
            return value
        fitted = fit(value)
        if len(fitted) > limit:
            raise Unfit(f"“{fitted[:40]}…” has {len(fitted):,} characters; {limit:,} fit.")
        return escape(fitted)

    return write


def _id(value: str) -> str:
    if _PLAIN_ID.fullmatch(value):
        return value
    if not 0 < len(value) <= ID_LENGTH or not value.isascii():
        raise Unfit(f"“{value}” is no id of QuickBooks.")
    return escape(value)


def _guid(value: str) -> str:
    if not _GUID.fullmatch(value):
        raise Unfit(f"“{value}” is no GUID.")
    return value


@lru_cache(maxsize=1024)
def _ref(value: str) -> str:
    return f"<ListID>{_id(value)}</ListID>"


def _date(value: date) -> str:
    return value.isoformat()


class Shape:
    """One element of qbXML and its children, in order."""

    def __init__(self, tag: str, fields: Mapping[str, Writer], inside: str = "") -> None:
        """`inside` is the tag of the element around it, for a request: PurchaseOrderAddRq."""
        self.tag = tag
        self.fields = [(name, f"<{name}>", f"</{name}>", write) for name, write in fields.items()]
        self.names = frozenset(fields)
        self.open = f"<{inside}><{tag}>" if inside else f"<{tag}>"
        self.close = f"</{tag}></{inside}>" if inside else f"</{tag}>"

    def write(self, values: Mapping[str, Any], lines: Sequence[str] = ()) -> str:
        """The element with `values` (None is left out) and, after them, the written `lines`.

        Raises Unfit for a value that does not fit, and for a name that the table does not know.
        """
        self._know(values)
        parts = [self.open]
        for name, opening, closing, write in self.fields:
            value = values.get(name)
            if value is not None:
                parts += (opening, write(value), closing)
        parts += lines
        parts.append(self.close)
        return "".join(parts)

    def write_all(self, rows: Sequence[Mapping[str, Any]], common: Mapping[str, Any]) -> list[str]:
        """One element for each of `rows`, which all have the same names, with a value each, and
        `common` besides, which is written once. Raises Unfit.
        """
        if not rows:
            return []
        self._know({**common, **rows[0]})
        names, pieces, writers = [], [self.open], []
        for name, opening, closing, write in self.fields:
            if name in rows[0]:
                pieces[-1] += opening
                pieces.append(closing)
                names.append(name)
                writers.append(write)
            elif common.get(name) is not None:
                pieces[-1] += f"{opening}{write(common[name])}{closing}"
        pieces[-1] += self.close
        template = "%s".join(piece.replace("%", "%%") for piece in pieces)
        columns = [
            [write(row[name]) for row in rows] for name, write in zip(names, writers, strict=True)
        ]
        return [template % values for values in zip(*columns, strict=True)]

    def _know(self, values: Mapping[str, Any]) -> None:
        if not self.names.issuperset(values):
            raise Unfit(f"{self.tag} has no {', '.join(sorted(set(values) - self.names))}.")


ORDER_ADD = Shape(
    "PurchaseOrderAdd",
    {
        "VendorRef": _ref,
        "TxnDate": _date,
        "RefNumber": _text(REF_NUMBER),
        "Memo": _text(MEMO),
        "VendorMsg": _text(VENDOR_MESSAGE),
        "ExternalGUID": _guid,
    },
    inside="PurchaseOrderAddRq",
)
ORDER_LINE_ADD = Shape(
    "PurchaseOrderLineAdd",
    {
        "ItemRef": _ref,
        "Desc": _text(DESCRIPTION),
        "Quantity": rate,
        "Rate": rate,
        "ClassRef": _ref,
        "Amount": amount,
        "CustomerRef": _ref,
        "ServiceDate": _date,
    },
)
ORDER_MOD = Shape(
    "PurchaseOrderMod",
    {"TxnID": _id, "EditSequence": _text(16), "Memo": _text(MEMO)},
    inside="PurchaseOrderModRq",
)
ORDER_LINE_MOD = Shape(
    "PurchaseOrderLineMod",
    {
        "TxnLineID": _id,
        "ItemRef": _ref,
        "Desc": _text(DESCRIPTION),
        "Quantity": rate,
        "Rate": rate,
        "ClassRef": _ref,
        "Amount": amount,
        "CustomerRef": _ref,
        "ServiceDate": _date,
    },
)


# SalesTaxCodeRef before the mark-up, Amount after Rate: as QuickBooks has them
_ESTIMATE_LINE: dict[str, Writer] = {
    "ItemRef": _ref,
    "Desc": _text(DESCRIPTION),
    "Quantity": rate,
    "Rate": rate,
    "ClassRef": _ref,
    "Amount": amount,
    "SalesTaxCodeRef": _ref,
    "MarkupRatePercent": rate,
}
ESTIMATE_ADD = Shape(
    "EstimateAdd",
    {"CustomerRef": _ref, "TxnDate": _date, "Memo": _text(MEMO), "ExternalGUID": _guid},
    inside="EstimateAddRq",
)
ESTIMATE_LINE_ADD = Shape("EstimateLineAdd", _ESTIMATE_LINE)
ESTIMATE_MOD = Shape(
    "EstimateMod", {"TxnID": _id, "EditSequence": _text(16)}, inside="EstimateModRq"
)
ESTIMATE_LINE_MOD = Shape("EstimateLineMod", {"TxnLineID": _id, **_ESTIMATE_LINE})


def order_mod(
    values: Mapping[str, Any],
    kept: Sequence[tuple[str, bool]],
    new: Sequence[Mapping[str, Any]],
    common: Mapping[str, Any] | None = None,
) -> str:
    """A PurchaseOrderModRq: the lines that stay, as (id, is a group) in their order, then new ones,
    each with the same names, all with `common` besides.

    Raises Unfit where a line would be named twice: QuickBooks deletes every line that is not named,
    and what it does with one named twice is not known.
    """
    added = ORDER_LINE_MOD.write_all(new, {"TxnLineID": NEW_LINE, **(common or {})})
    return ORDER_MOD.write(values, _kept("PurchaseOrderLine", kept) + added)


def estimate_mod(
    values: Mapping[str, Any],
    kept: Sequence[tuple[str, bool]],
    new: Sequence[Mapping[str, Any]],
) -> str:
    """An EstimateModRq: the lines that stay, then new ones. Raises Unfit, in the same way."""
    added = [ESTIMATE_LINE_MOD.write({"TxnLineID": NEW_LINE, **line}) for line in new]
    return ESTIMATE_MOD.write(values, _kept("EstimateLine", kept) + added)


def _kept(kind: str, kept: Sequence[tuple[str, bool]]) -> list[str]:
    ids = [line_id for line_id, _ in kept]
    if len(set(ids)) != len(ids) or NEW_LINE in ids:
        raise Unfit("A line would be named twice in one change.")
    # nothing but its id: it stays exactly as it is; a group is named as a whole
    tags = {False: f"{kind}Mod", True: f"{kind}GroupMod"}
    ends = {group: (f"<{tag}><TxnLineID>", f"</TxnLineID></{tag}>") for group, tag in tags.items()}
    return [f"{ends[group][0]}{_id(line_id)}{ends[group][1]}" for line_id, group in kept]


def query(tag: str, selection: Sequence[tuple[str, str]], attributes: str = "") -> str:
    """A query: its selection in the order given. `attributes` begin with a blank."""
    inner = "".join(f"<{name}>{escape(fit(value))}</{name}>" for name, value in selection)
    return f"<{tag}{attributes}>{inner}</{tag}>"
