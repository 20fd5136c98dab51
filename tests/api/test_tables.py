"""A program sends lines as a table: read first, with every fault, and kept whole or not at all."""

import pytest

from commitments.models import CommitmentLine
from tests.api.conftest import Program
from tests.stage import Stage

pytestmark = pytest.mark.django_db

SOV = """Cost code,Category,Description,Qty,Unit price,Total,Foreman
03-300,Subcontract,"Footings, east",2,185.005,,Bo

05-120,Subcontract,Steel,,,"1,234.50",
"""
WRONG = """Cost code;Category;Amount
03-300;Subcontract;10.00
99-999;Subcontract;ten
"""


def test_a_schedule_of_values_is_read_and_then_kept(stage: Stage, program: Program) -> None:
    commitment = stage.commitment(status="draft")
    pam, address = program(stage.pam), f"commitments/{commitment.pk}/lines/import/"
    read = pam.post(address, {"version": 0, "table": SOV})
    assert (read["saved"], read["version"], read["faults"]) == (False, 0, [])
    assert [(one["row"], one["change"]) for one in read["rows"]] == [(2, "new"), (4, "new")]
    assert read["rows"][0]["cells"]["description"] == "Footings, east"
    assert read["ignored"] == ["Foreman"]
    assert commitment.lines.count() == 2, "nothing is saved by reading"

    body = {"version": 0, "table": SOV, "save": True}
    saved = pam.post(address, body, key="sov")
    assert (saved["saved"], saved["version"]) == (True, 1)
    assert pam.post(address, body, key="sov") == saved, "once"
    amounts = [str(line.amount) for line in commitment.lines.order_by("number")]
    assert amounts == ["10000.00", "25000.00", "370.01", "1234.50"]
    assert pam.post(address, {**body, "version": 0}, 409)["type"] == "urn:erpbridge:stale"


def test_with_one_bad_row_nothing_is_kept(stage: Stage, program: Program) -> None:
    commitment = stage.commitment(status="draft")
    pam, address = program(stage.pam), f"commitments/{commitment.pk}/lines/import/"
    read = pam.post(address, {"version": 0, "table": WRONG})
    assert {(one["row"], one["field"]) for one in read["faults"]} >= {
        (3, "cost_code"),
        (3, "amount"),
    }
    refused = pam.post(address, {"version": 0, "table": WRONG, "save": True}, 422)
    assert "/table/rows/3/amount" in {one["where"] for one in refused["faults"]}
    assert CommitmentLine.objects.count() == 2
    nonsense = pam.post(address, {"version": 0, "table": "no table"}, 422)
    assert [one["where"] for one in nonsense["faults"]] == ["/table"]


def test_a_change_orders_lines_name_what_they_change(stage: Stage, program: Program) -> None:
    commitment = stage.commitment()
    order = stage.change_order(commitment, status="draft")
    pam, address = program(stage.pam), f"change-orders/{order.pk}/lines/import/"
    table = "Changes line,Cost code,Category,Amount\n2,05-120,Subcontract,99.50"
    version = stage.export(order).version
    saved = pam.post(address, {"version": version, "table": table, "save": True})
    assert saved["saved"]
    lines = list(order.lines.order_by("number").values_list("commitment_line__number", "amount"))
    assert [(number, str(amount)) for number, amount in lines] == [(1, "1500.00"), (2, "99.50")]


def test_a_budget_is_changed_where_it_has_the_line(stage: Stage, program: Program) -> None:
    pam = program(stage.pam)
    budget = pam.post("budgets/", {"project": stage.project.pk}, 201)["budget"]
    address = f"budgets/{budget['id']}/lines/import/"
    first = "Cost code\tCategory\tAmount\n03-300\tSubcontract\t40000"
    read = pam.post(address, {"version": 0, "table": first, "save": True})
    second = f"{first}.50\n05-120\tSubcontract\t25000"
    version = read["version"]
    read = pam.post(address, {"version": version, "table": second})
    assert [one["change"] for one in read["rows"]] == ["changed", "new"]
    read = pam.post(address, {"version": version, "table": second, "save": True})
    rows = pam.get(f"budgets/{budget['id']}/lines/")["results"]
    assert [one["amount"] for one in rows] == ["40000.50", "25000.00"]
    wrong = f"{second}\n05-120\tSubcontract\t1"
    refused = pam.post(address, {"version": read["version"], "table": wrong, "save": True}, 422)
    assert [one["where"] for one in refused["faults"]] == ["/table/rows/4/cost_code"]
    pam.post(f"budgets/{budget['id']}/lock/", {"version": read["version"]})
    locked = pam.post(address, {"version": read["version"] + 1, "table": first}, 422)
    assert "It is locked" in locked["faults"][0]["text"]


def test_who_may_not_edit_may_not_read_a_table_in(stage: Stage, program: Program) -> None:
    commitment = stage.commitment()
    vic, address = program(stage.vic), f"commitments/{commitment.pk}/lines/import/"
    vic.post(address, {"version": 0, "table": SOV}, 403)


def test_what_stands_against_the_whole_is_told_as_it_is_read(
    stage: Stage, program: Program
) -> None:
    commitment = stage.commitment(status="draft")
    pam, address = program(stage.pam), f"commitments/{commitment.pk}/lines/import/"
    many = SOV.splitlines()[0] + 999 * "\n03-300,Subcontract,One of many,1,2.00,,Bo"
    read = pam.post(address, {"version": 0, "table": many})
    assert [(one["row"], one["field"]) for one in read["faults"]] == [(None, "lines")]
    assert "At most 1,000 lines" in read["faults"][0]["text"]
    pam.post(address, {"version": 0, "table": many, "save": True}, 422)

    sent = stage.commitment(number="SC-002")
    stage.send(sent)
    there = f"commitments/{sent.pk}/lines/import/"
    refused = pam.post(there, {"version": stage.export(sent).version, "table": SOV}, 422)
    assert "It waits for accounting" in refused["faults"][0]["text"]
