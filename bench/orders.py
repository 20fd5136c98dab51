"""A change order with many lines on a purchase order with as many, for building and reading."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape

from connectors.contract import Document, Line, Named, Receipt, Ref, Request, Terms
from connectors.quickbooks import change_orders, connector
from connectors.quickbooks.orders import Order
from connectors.quickbooks.orders import orders as orders_of

KEY = "EB0123456789abcdef01"
_DAY = date(2026, 4, 6)
_PARTS = ("Formwork & shoring", "Rebar, #5 @ 12 o.c.", "Pump truck < 30 m", "Testing")


def change_order(lines: int) -> tuple[Document, Terms]:
    """A change of `lines` lines of its commitment, and where it goes."""
    document = Document(
        kind="change_order",
        id=17,
        number="003",
        title="Deeper footings",
        date=_DAY,
        project=Named(id=1, code="26-010", name="Riverside Library"),
        vendor=Named(id=1, name="Ironwood Concrete"),
        amount=sum(map(_amount, range(1, lines + 1)), Decimal(0)),
        lines=tuple(_line(number) for number in range(1, lines + 1)),
        parent=Named(id=2, code="SC-001", name="Structural concrete"),
    )
    terms = Terms(
        erp="quickbooks",
        company_file="{5e0a9c1e-7a53-4f0e-9b1d-2f6f3c4d5e6f}",
        number="SC-001",
        vendor=Ref(id="80000001-1467312345", name="Ironwood Concrete"),
        job=Ref(id="80000002-1467312345", name="City of Alder:Library"),
        items={str(code): Ref(id=_item(code), name=f"03-{code:03}") for code in range(1, 81)},
        parent=Receipt(id="1A2B-1467312345", number="SC-001"),
    )
    return document, terms


def _line(number: int) -> Line:
    code = number % 80 + 1
    return Line(
        id=1000 + number,
        number=number,
        cost_code=Named(id=code, code=f"03-{code:03}", name="Concrete"),
        category=Named(id=1, name="Subcontract"),
        description=f"{_PARTS[number % 4]}, gridline {number}",
        amount=_amount(number),
        commitment_line=Named(id=5000 + number, code=str(number), name="Footings"),
    )


def _amount(number: int) -> Decimal:
    return Decimal(100_000 + number * 137).scaleb(-2)


def _item(code: int) -> str:
    return f"8000{code:04X}-1467312345"


def standing(document: Document, terms: Terms) -> Order:
    """The purchase order as QuickBooks has it before the change, with as many lines."""
    asked = {KEY: Request(body="", writes=True, key=KEY)}
    return orders_of(connector.unwrap(answer(document, terms), asked)[KEY])[0]


def by_format(document: Document, terms: Terms, order: Order) -> str:
    """The same change, to the byte, by nothing but string formatting."""
    assert terms.job is not None  # noqa: S101
    job, day = terms.job.id, document.date
    head = f"CCO {document.number}: {document.title}"
    memo = f"{order['memo']}\n[CCO {document.number} {day}] {document.title}".lstrip()
    kept = "".join(
        f"<PurchaseOrderLineMod><TxnLineID>{line['id']}</TxnLineID></PurchaseOrderLineMod>"
        for line in order["lines"]
    )
    new = "".join(
        "<PurchaseOrderLineMod><TxnLineID>-1</TxnLineID>"
        f"<ItemRef><ListID>{terms.items[str(line.cost_code.id)].id}</ListID></ItemRef>"
        f"<Desc>{escape(f'{head} - {line.description}')}</Desc>"
        f"<Quantity>1</Quantity><Rate>{line.amount}</Rate><Amount>{line.amount}</Amount>"
        f"<CustomerRef><ListID>{job}</ListID></CustomerRef>"
        f"<ServiceDate>{day}</ServiceDate></PurchaseOrderLineMod>"
        for line in document.lines
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><?qbxml version="13.0"?><QBXML>'
        f'<QBXMLMsgsRq onError="stopOnError" newMessageSetID="{KEY}">'
        f'<PurchaseOrderModRq requestID="{KEY}"><PurchaseOrderMod><TxnID>{order["id"]}</TxnID>'
        f"<EditSequence>{order['version']}</EditSequence><Memo>{escape(memo)}</Memo>"
        f"{kept}{new}</PurchaseOrderMod></PurchaseOrderModRq></QBXMLMsgsRq></QBXML>"
    )


def answer(document: Document, terms: Terms) -> str:
    """What QuickBooks answers to a change: the whole order, with the lines of the document."""
    assert terms.vendor is not None  # noqa: S101
    assert terms.job is not None  # noqa: S101
    lines = "".join(
        f"<PurchaseOrderLineRet><TxnLineID>{number:X}-1467312345</TxnLineID>"
        f"<ItemRef><ListID>{terms.items[str(line.cost_code.id)].id}</ListID>"
        f"<FullName>{line.cost_code.code}</FullName></ItemRef>"
        f"<Desc>{escape(change_orders.description(document, named, [line]))}</Desc>"
        f"<Quantity>1</Quantity><Rate>{line.amount}</Rate><Amount>{line.amount}</Amount>"
        f"<CustomerRef><ListID>{terms.job.id}</ListID><FullName>{terms.job.name}</FullName>"
        "</CustomerRef><ServiceDate>2026-04-06</ServiceDate>"
        "<ReceivedQuantity>0</ReceivedQuantity><IsBilled>false</IsBilled>"
        "<IsManuallyClosed>false</IsManuallyClosed></PurchaseOrderLineRet>"
        for number, line in enumerate(document.lines, 1)
        if (named := line.commitment_line)
    )
    return (
        '<?xml version="1.0" ?><QBXML><QBXMLMsgsRs>'
        f'<PurchaseOrderModRs requestID="{KEY}" statusCode="0" statusSeverity="Info" '
        'statusMessage="Status OK"><PurchaseOrderRet><TxnID>1A2B-1467312345</TxnID>'
        "<TimeCreated>2026-03-02T09:00:00-08:00</TimeCreated>"
        "<TimeModified>2026-04-06T09:00:00-08:00</TimeModified>"
        "<EditSequence>1467312346</EditSequence><TxnNumber>12</TxnNumber>"
        f"<VendorRef><ListID>{terms.vendor.id}</ListID>"
        f"<FullName>{terms.vendor.name}</FullName></VendorRef><TxnDate>2026-03-02</TxnDate>"
        f"<RefNumber>SC-001</RefNumber><TotalAmount>{document.amount}</TotalAmount>"
        f"{lines}</PurchaseOrderRet></PurchaseOrderModRs></QBXMLMsgsRs></QBXML>"
    )
