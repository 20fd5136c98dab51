"""Replies of any length: what is read piece by piece says the same as what is read whole."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import pytest
from lxml import etree

from connectors.contract import Busy, Ref, Reply, Request
from connectors.quickbooks import connector, job_costs, lists, orders, reports
from connectors.quickbooks.qbxml import Answer
from tests.connectors.quickbooks.test_wire import reply

ASK = Request(body="<VendorQueryRq></VendorQueryRq>")
HEAD = 'statusCode="0" statusSeverity="Info" statusMessage="Status OK"'


@dataclass(frozen=True)
class Cut:
    """A reply cut into pieces of a few bytes: in tags, in references, in characters."""

    text: str
    size: int

    def read(self, start: int = 0) -> Iterator[bytes]:
        data = self.text.encode()[start:]
        for place in range(0, len(data), self.size):
            yield data[place : place + self.size]


def answers(said: Reply, *names: str) -> dict[str, Answer]:
    return dict(connector.unwrap(said, dict.fromkeys(names, ASK)))


def vendor(number: int, more: str = "") -> str:
    return (
        f"<VendorRet><ListID>80-{number}</ListID><Name>Süd &amp; Söhne {number}</Name>"
        f"<IsActive>true</IsActive>{more}</VendorRet>"
    )


MANY = reply(
    "<!-- as it stands -->"
    f'<VendorQueryRs requestID="a" {HEAD} iteratorRemainingCount="7" iteratorID="{{1}}">'
    f"{vendor(1)}<!-- more -->{vendor(2, '<Notes><![CDATA[<VendorRet>]]></Notes>')} "
    "</VendorQueryRs>"
    '<VendorQueryRs requestID="none" statusCode="1" statusSeverity="Info" statusMessage="none"/>'
    '<VendorQueryRs requestID="bare" statusCode="0"></VendorQueryRs>'
    f'<PurchaseOrderQueryRs requestID="b" {HEAD}><PurchaseOrderRet><TxnID>4E-1</TxnID>'
    "<Memo>a&#11;b&#x1F;c</Memo><PurchaseOrderLineRet><TxnLineID>1</TxnLineID>"
    "<Amount>5.00</Amount></PurchaseOrderLineRet></PurchaseOrderRet></PurchaseOrderQueryRs>"
)


@pytest.mark.parametrize("size", [1, 7, 64, 100_000])
def test_a_reply_in_pieces_says_what_the_whole_one_says(size: int) -> None:
    names = ("a", "none", "bare", "b", "missing")
    whole, cut = answers(MANY, *names), answers(Cut(f"\ufeff\r\n{MANY}", size), *names)
    assert list(cut) == list(whole) == ["a", "none", "bare", "b"]
    for name, one in whole.items():
        other = cut[name]
        assert other[:3] == one[:3]
        assert one.element is not None
        assert other.element is not None
        assert other.element.get("iteratorID", "") == one.element.get("iteratorID", "")
        assert other.element.tag == one.element.tag
        for path in ("*", "VendorRet", "VendorRet/Name", "*/*", "PurchaseOrderRet/*/Amount"):
            assert texts(other, path) == texts(one, path), path
    assert orders.orders(cut["b"]) == orders.orders(whole["b"])
    assert orders.orders(cut["b"])[0]["memo"] == "abc"
    assert connector.records(cut["b"]) == connector.records(whole["b"])


def texts(answer: Answer, path: str) -> list[str]:
    assert answer.element is not None
    return [
        etree.tostring(one, encoding="unicode", with_tail=False)
        for one in answer.element.iterfind(path)
    ]


def test_what_was_read_once_can_be_read_again() -> None:
    page = answers(Cut(MANY, 50), "a")["a"]
    for _ in range(2):
        script = lists.pull("vendors", "")
        next(script)
        with pytest.raises(StopIteration) as end:
            script.send(page)
        assert [row["name"] for row in end.value.value.rows] == ["Süd & Söhne 1", "Süd & Söhne 2"]
        assert end.value.value.more == "{1}"


@pytest.mark.parametrize(
    "hostile",
    [
        "",
        "no xml at all",
        "<html><body>502 Bad Gateway</body></html>",
        "<QBXML/>",
        "<QBXML><QBXMLMsgsRs></QBXML>",
        MANY.removesuffix("</QBXML>"),
        MANY.removesuffix("</QBXMLMsgsRs></QBXML>"),
        MANY[: MANY.index("<Amount>") + 3],
        '<!DOCTYPE a [<!ENTITY b "c">]><QBXML><QBXMLMsgsRs>&b;</QBXMLMsgsRs></QBXML>',
        '<!DOCTYPE a SYSTEM "http://192.0.2.1/a.dtd"><QBXML><QBXMLMsgsRs/></QBXML>',
        "<QBXML><QBXMLMsgsRs>&unknown;</QBXMLMsgsRs></QBXML>",
        "<QBXML><QBXMLMsgsRs>" + "<a>" * 100_000,
        "<QBXML><QBXMLMsgsRs><a b='" + "x" * 3_000_000,
    ],
)
def test_a_long_reply_that_cannot_be_read_is_one_kind_of_error(hostile: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        answers(Cut(hostile, 100_000), "a")


def test_a_set_refused_as_a_whole_is_an_answer_however_long_it_is() -> None:
    said = reply("<!--" + "x" * 5000 + "-->", 'messageSetStatusCode="9002"')
    check = Request(body="", check=True, key="EB0123456789abcdef01")
    assert connector.unwrap(Cut(said, 999), {check.key: check})[check.key].status == 9002


# --- A report of more rows than anybody would hold ---------------------------------------------

ROWS = 10_000


@dataclass(frozen=True)
class Report:
    """The costs of a job as QuickBooks tells them, row by row as they are asked for."""

    total: str = f"{ROWS}.00"

    def read(self, start: int = 0) -> Iterator[bytes]:
        for text in self.texts():
            data = text.encode()
            yield data[start:]
            start = max(0, start - len(data))

    def texts(self) -> Iterator[str]:
        opened, closed = reply("|").split("|")
        yield f'{opened}<CustomDetailReportQueryRs requestID="r" {HEAD}><ReportRet>'
        yield f"<ReportTitle>Costs</ReportTitle><NumRows>{ROWS + 1}</NumRows>"
        for number, kind in enumerate(("Item", "Debit", "Credit"), 1):
            yield f'<ColDesc colID="{number}"><ColType>{kind}</ColType></ColDesc>'
        yield "<ReportData>"
        for number in range(1, ROWS + 1):
            yield (
                f'<DataRow rowNumber="{number}"><ColData colID="1" value="03-{number % 50}"/>'
                f'<ColData colID="2" value="1.00"/><ColData colID="9" value="{"x" * 200}"/>'
                "</DataRow>"
            )
        yield f'<TotalRow rowNumber="{ROWS + 1}"><ColData colID="2" value="{self.total}"/>'
        yield "</TotalRow>"
        yield f"</ReportData></ReportRet></CustomDetailReportQueryRs>{closed}"


def test_a_long_report_is_added_up_and_never_held() -> None:
    report = answers(Report(), "r")["r"]
    tracemalloc.start()
    spent = job_costs._spent(report, "the costs")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(spent) == 50
    assert sum(spent.values()) == ROWS
    # lxml's own memory is not counted here; it is measured by the benchmark of long answers.
    assert most < 1_000_000


def test_a_long_report_that_does_not_add_up_is_told_after_its_last_row() -> None:
    rows = reports.data_rows(answers(Report("7.00"), "r")["r"], "the costs", sums=("Debit",))
    assert next(rows) == {"Item": "03-1", "Debit": "1.00"}
    with pytest.raises(Busy, match=r"its rows come to 10,000\.00 and it says 7\.00"):
        list(rows)
    script = job_costs.job_costs(Ref(id="1", name="Library"), {})
    assert next(script).record == job_costs.ACCOUNTS


def test_an_amount_of_a_report_is_exact() -> None:
    assert reports.money("1,234.50") == Decimal("1234.50")
