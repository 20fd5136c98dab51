"""Each way in which QuickBooks can answer a write, and what people are told then."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from lxml import etree

from connectors.contract import (
    Attempt,
    Busy,
    CannotTell,
    Found,
    Receipt,
    Ref,
    Refused,
    StillThere,
    Unfinished,
)
from connectors.quickbooks import connector, errors
from connectors.quickbooks.qbxml import Answer
from tests.connectors.quickbooks.conftest import change_order, commitment
from tests.connectors.quickbooks.playing import KEY, hand_feed

PARENT = Receipt(id="A-1", number="SC-001")


def reply(inside: str, attributes: str = "") -> str:
    return f"<QBXML><QBXMLMsgsRs {attributes}>{inside}</QBXMLMsgsRs></QBXML>"


def response(tag: str, code: int, inside: str = "", severity: str = "Error") -> str:
    return reply(
        f'<{tag} requestID="ID?" statusCode="{code}" statusSeverity="{severity}"'
        f' statusMessage="As QuickBooks says it">{inside}</{tag}>'
    )


def order_xml(*lines: str, total: str = "100.00", version: str = "1") -> str:
    return (
        f"<PurchaseOrderRet><TxnID>A-1</TxnID><EditSequence>{version}</EditSequence>"
        "<VendorRef><ListID>V</ListID></VendorRef><RefNumber>SC-001</RefNumber>"
        f"<TotalAmount>{total}</TotalAmount>{''.join(lines)}</PurchaseOrderRet>"
    )


def line_xml(
    line_id: str, amount: str, desc: str = "Footings", item: str = "I", more: str = ""
) -> str:
    return (
        f"<PurchaseOrderLineRet><TxnLineID>{line_id}</TxnLineID><ItemRef><ListID>{item}</ListID>"
        f"</ItemRef><Desc>{desc}</Desc><Amount>{amount}</Amount>{more}</PurchaseOrderLineRet>"
    )


NO_ORDER = response("PurchaseOrderQueryRs", 1, severity="Info")
THE_ORDER = response(
    "PurchaseOrderQueryRs", 0, order_xml(line_xml("L1", "100.00")), severity="Info"
)
NEW_LINE = line_xml("L2", "1500.00", "CCO 001: Soft soil - Deeper footings")


@pytest.fixture
def terms(site):
    """Links with the ids that the answers above use."""
    return msgspec.structs.replace(
        site.terms(change_order(), PARENT),
        items={"1": Ref(id="I", name="03-300")},
        vendor=Ref(id="V", name="Ironwood Concrete"),
    )


@pytest.fixture
def change(terms) -> Callable[..., Receipt]:
    """Export a change order; the answers are written out by hand."""

    def export(*replies: str) -> Receipt:
        return hand_feed(connector.export(change_order(), terms, KEY), *replies)[0]

    return export


SAID = {
    500: (Refused, "is no longer in QuickBooks"),
    1000: (Refused, "could not make sense of the request"),
    3000: (Refused, "a value in it was not accepted"),
    3040: (Refused, "a value in it was not accepted"),
    3070: (Refused, "a value in it was not accepted"),
    3100: (Refused, "of that name is there already"),
    3120: (Refused, "is no longer in QuickBooks"),
    3140: (Refused, "is no longer in QuickBooks"),
    3150: (Refused, "a value in it was not accepted"),
    3170: (Refused, "the record cannot be changed"),
    3171: (Refused, "closing date"),
    3175: (Busy, "open or locked"),
    3176: (Busy, "open or locked"),
    3180: (Busy, "open or locked"),
    3210: (Refused, "a value in it was not accepted"),
    3220: (Refused, "may not do this"),
    3230: (Busy, "tried again"),
    3231: (Busy, "tried again"),
    3250: (Refused, "switched off in the company file"),
    3260: (Refused, "may not do this"),
    3261: (Refused, "may not do this"),
    3263: (Refused, "may not do this"),
    3290: (Refused, "its lines were not in the order"),
    3999: (Refused, r"code 3999"),
}


@pytest.mark.parametrize("code", SAID)
def test_each_refusal_of_a_change_says_what_it_means(change, code):
    kind, sentence = SAID[code]
    with pytest.raises(kind, match=sentence) as caught:
        change(THE_ORDER, response("PurchaseOrderModRs", code))
    assert (caught.value.code, caught.value.words) == (str(code), "As QuickBooks says it")
    assert caught.value.message.endswith((".", "retry."))


@pytest.mark.parametrize("code", SAID)
def test_each_refusal_of_a_new_order_says_what_it_means(site, code):
    kind, sentence = SAID[code]
    script = connector.export(commitment(), site.terms(commitment()), KEY)
    with pytest.raises(kind, match=sentence) as caught:
        hand_feed(script, NO_ORDER, response("PurchaseOrderAddRs", code))
    assert caught.value.code == str(code)


@pytest.mark.parametrize("code", [9001, 9005, 600, 9002])
def test_a_set_that_was_not_taken_as_a_whole_needs_a_person(change, code):
    with pytest.raises(CannotTell, match="did not say clearly"):
        change(THE_ORDER, reply("", f'messageSetStatusCode="{code}"'))


@pytest.mark.parametrize("code", [1, 500, 3120, 3261, 42])
def test_a_status_that_no_set_has_is_no_refusal_of_what_was_in_it(change, code):
    with pytest.raises(CannotTell, match="did not say clearly"):
        change(THE_ORDER, reply("", f'messageSetStatusCode="{code}"'))


@pytest.mark.parametrize("code", [3120, 3170, 3175])
@pytest.mark.parametrize("severity", ["Error", "Info", ""])
def test_a_refusal_beside_a_saved_record_is_no_clear_one(change, code, severity):
    saved = order_xml(line_xml("L1", "100.00"), NEW_LINE, total="1600.00", version="2")
    with pytest.raises(CannotTell, match="did not say clearly"):
        change(THE_ORDER, response("PurchaseOrderModRs", code, saved, severity=severity))


def test_a_status_that_is_no_number_needs_a_person(change):
    said = response("PurchaseOrderModRs", 0).replace('statusCode="0"', 'statusCode="fine"')
    with pytest.raises(CannotTell, match="did not say clearly"):
        change(THE_ORDER, said)


def test_what_is_missing_is_called_by_its_name(site):
    said = response("PurchaseOrderAddRs", 3140).replace(
        "As QuickBooks says it", f"There is no {site.items['2'].id} here"
    )
    script = connector.export(commitment(), site.terms(commitment()), KEY)
    with pytest.raises(Refused, match="the item “03-200” is no longer in QuickBooks"):
        hand_feed(script, NO_ORDER, said)


def test_a_question_that_is_refused_ends_before_any_write(change, site):
    with pytest.raises(Refused, match="may not do this"):
        change(response("PurchaseOrderQueryRs", 3261))
    with pytest.raises(Busy):
        change(response("PurchaseOrderQueryRs", 3175))
    script = connector.export(commitment(), site.terms(commitment()), KEY)
    with pytest.raises(Refused, match="may not do this"):
        hand_feed(script, response("PurchaseOrderQueryRs", 3260))


def test_a_warning_beside_a_saved_record_is_no_refusal(change):
    saved = order_xml(line_xml("L1", "100.00"), NEW_LINE, total="1600.00", version="2")
    receipt = change(THE_ORDER, response("PurchaseOrderModRs", 530, saved, severity="Warn"))
    assert receipt.lines == {"201": "L2"}
    assert receipt.version == "2"


def test_a_repeat_that_is_answered_from_memory_is_read_from_the_books(change):
    memory = "<ErrorRecovery><TxnID>A-1</TxnID><EditSequence>2</EditSequence></ErrorRecovery>"
    saved = order_xml(line_xml("L1", "100.00"), NEW_LINE, total="1600.00", version="2")
    receipt = change(
        THE_ORDER,
        response("PurchaseOrderModRs", 0, memory, severity="Info"),
        response("PurchaseOrderQueryRs", 0, saved, severity="Info"),
    )
    assert receipt.lines == {"201": "L2"}


@pytest.mark.parametrize("code", [1000, 3175, 3261, 0])
def test_a_question_that_is_not_answered_says_nothing_of_the_write_before_it(change, site, code):
    """The write was taken, so it is looked for; nobody is told that nothing was entered."""
    memory = "<ErrorRecovery><TxnID>A-1</TxnID></ErrorRecovery>"
    asked = response("PurchaseOrderQueryRs", code)
    with pytest.raises(Unfinished):
        change(THE_ORDER, response("PurchaseOrderModRs", 0, memory, severity="Info"), asked)
    script = connector.export(commitment(), site.terms(commitment()), KEY)
    took = response("PurchaseOrderAddRs", 0, memory, severity="Info")
    with pytest.raises(Unfinished):
        hand_feed(script, NO_ORDER, took, asked)


def test_an_order_whose_lines_are_not_told_is_not_changed(change, terms):
    """A change that names no lines would delete all that are there; nor is it unlinked."""
    bare = response("PurchaseOrderQueryRs", 0, order_xml(total="100.00"), severity="Info")
    with pytest.raises(Busy, match="did not answer the question about purchase order SC-001"):
        change(bare)
    with pytest.raises(Busy, match="did not answer"):
        hand_feed(connector.still_there(change_order(), terms, PARENT), bare)
    found, _ = hand_feed(
        connector.still_there(change_order(), terms, PARENT),
        bare.replace("100.00", "0.00"),
    )
    assert not isinstance(found, StillThere)


@pytest.mark.parametrize("code", [1, 500, 3120])
def test_a_set_that_was_refused_does_not_say_that_a_number_is_free(site, code):
    script = connector.export(commitment(), site.terms(commitment()), KEY)
    with pytest.raises(CannotTell, match="the question about the purchase order's number"):
        hand_feed(script, reply("", f'messageSetStatusCode="{code}"'))


def test_lines_are_ours_whatever_blanks_quickbooks_left_in_their_mark(terms):
    """Lines that are there must not be written beside for a blank."""
    document = msgspec.structs.replace(change_order(), number="A  1")
    there = NEW_LINE.replace("CCO 001:", "CCO A 1:")
    standing = order_xml(line_xml("L1", "100.00"), there, total="1600.00")
    books = response("PurchaseOrderQueryRs", 0, standing, severity="Info")
    with pytest.raises(CannotTell, match="already holds lines of change order A  1"):
        hand_feed(connector.export(document, terms, KEY), books)
    lost = [Attempt(key=KEY, outcome="refused")]
    finding, _ = hand_feed(connector.find(document, terms, lost), books)
    assert isinstance(finding, Found)


ODD_ENDS = {
    "another amount": ([line_xml("L1", "100.00"), NEW_LINE.replace("1500", "1499")], "1599.00"),
    "another item": ([line_xml("L1", "100.00"), NEW_LINE.replace(">I<", ">J<")], "1600.00"),
    "a line that went": ([NEW_LINE], "1500.00"),
    "a line of 0.00 that went": ([line_xml("L1", "100.00"), NEW_LINE], "1600.00"),
    "a line that moved": ([line_xml("L1", "99.00"), NEW_LINE], "1599.00"),
    "twice": ([line_xml("L1", "100.00"), NEW_LINE, NEW_LINE.replace("L2", "L3")], "3100.00"),
    "no new line": ([line_xml("L1", "100.00")], "100.00"),
    "another total": ([line_xml("L1", "100.00"), NEW_LINE], "1700.00"),
}


@pytest.mark.parametrize("name", ODD_ENDS)
def test_an_order_that_does_not_hold_what_was_approved_needs_a_person(change, name):
    lines, total = ODD_ENDS[name]
    before = [line_xml("L1", "100.00")]
    if "0.00" in name:
        before.append(line_xml("L9", "0.00"))
    standing = response("PurchaseOrderQueryRs", 0, order_xml(*before), severity="Info")
    said = response("PurchaseOrderModRs", 0, order_xml(*lines, total=total), severity="Info")
    with pytest.raises(CannotTell, match="not as it was approved"):
        change(standing, said)


def test_tax_on_top_of_the_lines_is_no_contradiction(change):
    taxed = line_xml("L1", "100.00", more="<TaxAmount>20.00</TaxAmount>")
    saved = order_xml(taxed, NEW_LINE, total="1620.00")
    assert change(THE_ORDER, response("PurchaseOrderModRs", 0, saved, severity="Info")).lines


def test_an_order_that_vanishes_right_after_the_change_needs_a_person(change):
    with pytest.raises(CannotTell, match="no longer has purchase order SC-001"):
        change(THE_ORDER, response("PurchaseOrderModRs", 0, severity="Info"), NO_ORDER)


@pytest.mark.parametrize(
    ("hresult", "sentence"),
    [
        ("0x80040400", "could not read the request"),
        ("80040414", "A window is open"),
        ("0X8004040d", "no longer valid"),
        ("0x80040422", "single-user mode"),
        ("0x12345678", "gave no answer"),
        ("", "gave no answer"),
    ],
)
def test_windows_errors_say_what_to_do(hresult, sentence):
    error = errors.unreachable(hresult, "As Windows says it")
    assert sentence in error.message
    assert "let the Web Connector run again" in error.message
    assert (error.code, error.words) == (hresult, "As Windows says it")


def test_the_longest_name_that_is_told_is_the_one_that_is_missing():
    names = {"03-300": "the item “03-300”", "03-300:Labor": "the item “03-300:Labor”"}
    answer = Answer(3140, "Error", "There is no 03-300:Labor here", etree.Element("EstimateAddRs"))
    assert "the item “03-300:Labor” is no longer" in errors.failure(answer, "it", names).message
