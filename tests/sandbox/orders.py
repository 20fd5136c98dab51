"""Requests about purchase orders, as short as the tests need them."""

from xml.etree.ElementTree import Element

from tests.sandbox.qbxml import Application


def line(item: str = "03-300", *, amount: str | None = "100.00", **fields: str | None) -> str:
    """A PurchaseOrderLineAdd on the library job; more fields by their names, in schema order."""
    return f"<PurchaseOrderLineAdd>{_line_fields(item, amount, fields)}</PurchaseOrderLineAdd>"


def new_line(item: str = "03-300", *, amount: str | None = "25.00", **fields: str | None) -> str:
    """A new line in a PurchaseOrderMod."""
    inside = _line_fields(item, amount, fields)
    return f"<PurchaseOrderLineMod><TxnLineID>-1</TxnLineID>{inside}</PurchaseOrderLineMod>"


def keep(line_id: str, inside: str = "") -> str:
    """An existing line in a PurchaseOrderMod, untouched or with changed fields."""
    return f"<PurchaseOrderLineMod><TxnLineID>{line_id}</TxnLineID>{inside}</PurchaseOrderLineMod>"


def _line_fields(item: str, amount: str | None, fields: dict[str, str | None]) -> str:
    order = "ItemRef Desc Quantity UnitOfMeasure Rate ClassRef Amount CustomerRef ServiceDate"
    values = {
        "ItemRef": f"<FullName>{item}</FullName>" if item else None,
        "Amount": amount,
        "CustomerRef": "<FullName>City of Alder:Riverside Library</FullName>",
        **fields,
    }
    return "".join(
        f"<{name}>{values[name]}</{name}>" for name in order.split() if values.get(name) is not None
    )


def add(
    *lines: str, vendor: str = "Ironwood Concrete", number: str = "PO-1", more: str = ""
) -> str:
    """A PurchaseOrderAddRq; `more` is put after the RefNumber."""
    ref = f"<VendorRef><FullName>{vendor}</FullName></VendorRef>" if vendor else ""
    header = f"{ref}<TxnDate>2026-03-02</TxnDate><RefNumber>{number}</RefNumber>{more}"
    inside = "".join(lines) or line()
    return (
        f'<PurchaseOrderAddRq requestID="add"><PurchaseOrderAdd>{header}{inside}'
        "</PurchaseOrderAdd></PurchaseOrderAddRq>"
    )


def modify(txn_id: str, edit_sequence: str, *inside: str) -> str:
    """A PurchaseOrderModRq with these header fields and lines."""
    return (
        f'<PurchaseOrderModRq requestID="mod"><PurchaseOrderMod><TxnID>{txn_id}</TxnID>'
        f"<EditSequence>{edit_sequence}</EditSequence>{''.join(inside)}"
        "</PurchaseOrderMod></PurchaseOrderModRq>"
    )


def query(*selection: str, lines: bool = True) -> str:
    """A PurchaseOrderQueryRq for TxnIDs, or for whatever XML is given."""
    chosen = "".join(
        each if each.startswith("<") else f"<TxnID>{each}</TxnID>" for each in selection
    )
    included = "<IncludeLineItems>true</IncludeLineItems>" if lines else ""
    return f'<PurchaseOrderQueryRq requestID="query">{chosen}{included}</PurchaseOrderQueryRq>'


def added(app: Application, *lines: str, **order: str) -> Element:
    """Add an order and answer its PurchaseOrderRet."""
    response = app.one(add(*lines, **order))
    assert response.attrib["statusCode"] == "0", response.attrib["statusMessage"]
    return response[0]


def ids(order: Element) -> tuple[str, str, list[str]]:
    """TxnID, EditSequence and the TxnLineIDs of a PurchaseOrderRet."""
    return (
        order.findtext("TxnID", ""),
        order.findtext("EditSequence", ""),
        [each.text or "" for each in order.iterfind("PurchaseOrderLineRet/TxnLineID")],
    )
