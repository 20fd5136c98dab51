"""QuickBooks' memory of message sets: how an application learns what became of a lost answer."""

import pytest

from sandbox.quickbooks import NotParsed
from tests.sandbox.orders import add, ids, keep, line, modify, new_line
from tests.sandbox.qbxml import Application, message_set, status


def status_check(app: Application, set_id: str):
    return app.ask(newMessageSetID=set_id, oldMessageSetID=set_id)


def code(answer) -> str | None:
    return answer.get("messageSetStatusCode")


def test_without_ids_nothing_is_remembered(app, company):
    answer = app.ask(add(line()))

    assert code(answer) is None
    assert company.message_sets() == []


def test_the_same_document_again_is_answered_and_not_executed(app, company):
    document = message_set(add(line()), newMessageSetID="PX1")
    first = app.document(document)
    again = app.document(document)

    assert (code(first), code(again)) == ("0", "0")
    assert len(company.purchase_orders()) == 1
    order = company.purchase_order("PO-1")
    assert again.findtext(".//ErrorRecovery/TxnID") == order.txn_id
    assert again.findtext(".//ErrorRecovery/EditSequence") == order.edit_sequence
    assert again[0].attrib["requestID"] == "add"
    assert again.find(".//PurchaseOrderRet") is None


def test_an_empty_set_asks_what_is_remembered(app, company):
    guid = "{12345678-1234-1234-1234-123456789012}"
    app.ask(add(line(), more=f"<ExternalGUID>{guid}</ExternalGUID>"), newMessageSetID="PX1")

    answer = status_check(app, "PX1")

    assert code(answer) == "0"
    assert status(answer[0]) == (0, "Info")
    assert answer.findtext(".//ErrorRecovery/ExternalGUID") == guid
    assert code(status_check(app, "PX1")) == "0"


def test_a_refusal_is_remembered_too(app):
    app.ask(add(line(), vendor="Nobody"), newMessageSetID="PX1")

    answer = status_check(app, "PX1")

    assert code(answer) == "0"
    assert status(answer[0]) == (3140, "Error")
    assert answer.find(".//ErrorRecovery") is None


def test_nothing_is_known_of_a_set_that_never_came(app):
    answer = status_check(app, "PX1")

    assert code(answer) == "9002"
    assert len(answer) == 0


def test_the_same_id_with_other_bytes_is_refused(app, company):
    app.ask(add(line()), newMessageSetID="PX1")

    answer = app.ask(add(line(), number="PO-2"), newMessageSetID="PX1")

    assert code(answer) == "9001"
    assert [order.ref_number for order in company.purchase_orders()] == ["PO-1"]


def test_the_next_set_clears_the_one_before(app, company):
    app.ask(add(line()), newMessageSetID="PX1")

    app.ask(add(line(), number="PO-2"), newMessageSetID="PX2", oldMessageSetID="PX1")

    assert company.message_sets() == ["PX2"]
    assert code(status_check(app, "PX1")) == "9002"


def test_a_set_can_be_cleared_alone_but_only_if_it_is_there(app, company):
    app.ask(add(line()), newMessageSetID="PX1")

    assert code(app.ask(oldMessageSetID="PX1")) == "0"
    assert code(app.ask(oldMessageSetID="PX1")) == "600"
    assert company.message_sets() == []


def test_an_unknown_old_id_does_not_stop_a_set_with_a_new_one(app, company):
    answer = app.ask(add(line()), newMessageSetID="PX2", oldMessageSetID="PX1")

    assert code(answer) == "0"
    assert len(company.purchase_orders()) == 1


@pytest.mark.parametrize("set_id", ["x" * 24, ""])
def test_ids_have_one_to_23_characters(app, company, set_id):
    assert code(app.ask(add(line()), newMessageSetID=set_id)) == "9004"
    assert company.purchase_orders() == []
    assert code(app.ask(add(line()), newMessageSetID="x" * 23)) == "0"


def test_an_unreadable_set_is_not_remembered(app):
    with pytest.raises(NotParsed):
        app.ask("<VendorListRq/>", newMessageSetID="PX1")

    assert code(status_check(app, "PX1")) == "9002"


def test_a_change_whose_answer_was_lost_is_found_and_not_made_twice(app, company):
    txn_id, edit_sequence, (only,) = ids(app.one(add(line()))[0])
    change = message_set(
        modify(txn_id, edit_sequence, keep(only), new_line()), newMessageSetID="PX1"
    )

    app.document(change)
    app.document(change)

    order = company.purchase_order("PO-1")
    assert len(order.lines) == 2
    answer = status_check(app, "PX1")
    assert answer.findtext(".//ErrorRecovery/EditSequence") == order.edit_sequence


def test_the_memory_can_be_set_to_keep_whole_answers(app, company):
    company.by_hand.set_preference("ErrorRecoveryOnly", False)
    app.ask(add(line()), newMessageSetID="PX1")

    answer = status_check(app, "PX1")

    assert answer.findtext(".//PurchaseOrderRet/TxnID") == company.purchase_order("PO-1").txn_id


def test_the_memory_can_be_lost_with_the_machine(app, company):
    app.ask(add(line()), newMessageSetID="PX1")
    company.by_hand.forget_message_sets()

    assert code(status_check(app, "PX1")) == "9002"
    assert len(company.purchase_orders()) == 1


def test_an_answer_without_data_holds_only_the_statuses(app):
    answer = app.ask(add(line()), responseData="includeNone")

    assert status(answer[0]) == (0, "Info")
    assert len(answer[0]) == 0


class PowerCut(Exception):
    """QuickBooks' machine goes dark."""


def test_a_power_cut_leaves_everything_of_a_set_with_its_memory_or_nothing(app, company, clock):
    """The second order is cut short; the first, written before it in the same set, goes too."""
    reads = 0

    def cut_in_the_second_order():
        nonlocal reads
        reads += 1
        if len(company.purchase_orders()) == 1:
            raise PowerCut
        return clock()

    company.books.clock = cut_in_the_second_order
    document = message_set(add(line()), add(line(), number="PO-2"), newMessageSetID="PX1")
    with pytest.raises(PowerCut):
        app.document(document)
    company.books.clock = clock

    assert reads > 1
    assert company.purchase_orders() == []
    assert code(status_check(app, "PX1")) == "9002"
    app.document(document)
    assert [order.ref_number for order in company.purchase_orders()] == ["PO-1", "PO-2"]
