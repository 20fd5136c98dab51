"""What goes wrong on the way of a Web Connector, when it is told to."""

import pytest

from sandbox.quickbooks import Faults
from tests.sandbox.orders import added, ids, keep, line, modify, new_line
from tests.sandbox.qbxml import message_set
from tests.sandbox.web_connecting import FILE, VENDORS, addition


def test_a_lost_answer_leaves_the_order_and_tells_nobody(server, connector, company):
    server.requests = [VENDORS, addition()]
    connector.faults.set({"lose_answer": 1})

    result = connector.run_once()

    assert result.outcome == "lost"
    assert server.operations.count("receiveResponseXML") == 1
    assert len(company.purchase_orders()) == 1
    assert connector.faults.lose_answer == 0


def test_a_lost_request_never_reaches_quickbooks(server, connector, company):
    server.requests = [addition()]
    connector.faults.set({"lose_request": 1})

    assert connector.run_once().outcome == "lost"
    assert company.purchase_orders() == []


def test_a_question_is_lost_only_when_told_so(server, connector):
    server.requests = [VENDORS]
    connector.faults.set({"lose_answer": 1})
    assert connector.run_once().outcome == "done"

    server.requests = [VENDORS]
    connector.faults.set({"writes_only": False})
    assert connector.run_once().outcome == "lost"


def test_a_late_answer_comes_in_the_next_session_under_the_old_ticket(server, connector):
    tickets = iter(["{first}", "{second}"])
    server.replies["authenticate"] = lambda values: [next(tickets), ""]
    server.requests = [addition(), VENDORS]
    connector.faults.set({"late_answer": 1})

    assert connector.run_once().outcome == "lost"
    assert connector.run_once().outcome == "done"

    late = server.values("receiveResponseXML", 0)
    assert late["ticket"] == "{first}"
    assert "PurchaseOrderAddRs" in late["response"]
    place = server.operations.index("receiveResponseXML")
    assert server.operations[place - 1] == "authenticate"


def test_an_answer_can_come_twice(server, connector, company):
    server.requests = [addition()]
    connector.faults.set({"repeat_answer": 1})

    connector.run_once()

    first, second = (server.values("receiveResponseXML", place) for place in (0, 1))
    assert first == second
    assert len(company.purchase_orders()) == 1


def test_a_bookkeeper_can_be_faster(server, connector, company, app):
    for fault, code in (("edit_order", "3200"), ("delete_order", "3120")):
        txn_id, edit_sequence, (only,) = ids(added(app, line()))
        server.requests = [message_set(modify(txn_id, edit_sequence, keep(only), new_line()))]
        connector.faults.set({fault: 1})

        connector.run_once()

        assert f'statusCode="{code}"' in server.values("receiveResponseXML")["response"]
        assert connector.last.refusals[0].startswith(f"{code}: ")


def test_quickbooks_can_fail_without_doing_anything(server, connector, company):
    server.requests = [addition()]
    connector.faults.set({"hresult": "0x80040402"})

    connector.run_once()

    sent = server.values("receiveResponseXML")
    assert (sent["response"], sent["hresult"]) == ("", "0x80040402")
    assert company.purchase_orders() == []


def test_quickbooks_can_fail_to_open(server, connector):
    server.requests = [VENDORS]
    connector.faults.set({"connection_error": "0x80040408"})

    result = connector.run_once()

    assert result.outcome == "error"
    assert server.values("connectionError")["hresult"] == "0x80040408"
    assert connector.run_once().outcome == "done"


def test_the_wrong_company_file_can_be_open(server, connector, company):
    server.requests = [addition()]
    connector.faults.set({"wrong_company_file": True})

    connector.run_once()

    greeting = server.values("sendRequestXML")["strHCPResponse"]
    assert FILE not in greeting
    assert "Some Other Company" in greeting
    assert company.purchase_orders() == []


def test_calls_can_be_slow(server, connector, waits):
    connector.faults.set({"delay": 2})

    connector.run_once()

    assert waits == [2.0] * 4


def test_a_fault_that_does_not_exist_changes_nothing():
    faults = Faults()

    with pytest.raises(ValueError, match="explode, lose_answer='often'"):
        faults.set({"explode": 1, "lose_answer": "often", "delay": 5})

    assert faults == Faults()
