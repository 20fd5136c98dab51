"""A program keeps a budget: lines, lock, send, modifications; others are refused."""

import pytest

from tests.api.conftest import Program
from tests.budgets.entering import Desk
from tests.stage import Stage

pytestmark = pytest.mark.django_db

CONCRETE = {"cost_code": "03-300", "category": "Subcontract", "amount": "40000.00"}
STEEL = {"cost_code": "05-120", "category": "Subcontract", "amount": "25000.50"}


def test_a_budget_goes_from_lines_to_a_second_round(stage: Stage, program: Program) -> None:
    pam, ann, desk = program(stage.pam), program(stage.ann), Desk(stage)
    made = pam.post("budgets/", {"project": stage.project.pk}, 201, key="first")
    again = pam.post("budgets/", {"project": stage.project.pk}, 201, key="first")
    assert made == again
    budget = made["budget"]
    at = f"budgets/{budget['id']}/"
    saved = pam.put(f"{at}lines/", {"version": 0, "lines": [CONCRETE, STEEL]})
    assert saved["original"] == "65000.50"
    assert [problem["code"] for problem in saved["problems"]] == ["unlocked"]
    locked = pam.post(f"{at}lock/", {"version": saved["budget"]["version"]})
    assert locked["problems"] == []

    export = f"exports/{budget['export_id']}/"
    version = locked["budget"]["version"]
    pam.post(f"{export}send/", {"version": version})
    assert pam.post(f"{at}unlock/", {"version": version + 1}, 422)["status"] == 422
    preview = ann.get(f"{export}preview/")
    assert preview["preview"]["record"] == "New estimate"
    ann.post(f"{export}accept/", {"version": version + 1})
    stage.visit()
    now = pam.get(at)
    assert [one["cost_code"] for one in now["awaited"]] == ["03-300", "05-120"]
    desk.sync()
    now = pam.get(at)
    assert now["awaited"] == []

    body = {
        "version": now["budget"]["version"],
        "type": "transfer",
        "date": "2026-05-04",
        "reason": "Soft soil",
        "parts": [{**CONCRETE, "amount": "-10.00"}, {**STEEL, "amount": "10.00"}],
    }
    change = pam.post(f"{at}modifications/", body, 201)
    assert (change["number"], change["round"], change["amount"]) == (1, 2, "0.00")
    now = pam.get(at)
    assert [one["number"] for one in now["rounds"]] == ["1", "2"]
    assert [one["amount"] for one in pam.get(f"{at}lines/")["results"]] == ["40000.00", "25000.50"]
    figures = pam.get(f"{at}figures/", q="concrete")["results"]
    assert [(one["cost_code"], one["revised"]) for one in figures] == [("03-300", "39990.00")]
    version = now["budget"]["version"]
    pam.delete(f"{at}modifications/{change['id']}/?version={version}")
    assert pam.get(f"{at}modifications/")["results"] == []


def test_lines_are_read_a_page_at_a_time(stage: Stage, program: Program) -> None:
    desk = Desk(stage)
    budget = desk.create()
    pam = program(stage.pam)
    first = pam.get(f"budgets/{budget.pk}/lines/", size=2)
    assert [one["number"] for one in first["results"]] == [1, 2]
    rest = pam.get(f"budgets/{budget.pk}/lines/", size=2, cursor=first["next"])
    assert ([one["number"] for one in rest["results"]], rest["next"]) == ([3], None)
    codes = pam.get(f"budgets/{budget.pk}/figures/", size=1)
    assert codes["next"] == "03-300"


def test_every_fault_is_told_and_nothing_is_saved(stage: Stage, program: Program) -> None:
    desk = Desk(stage)
    budget = desk.create()
    pam = program(stage.pam)
    lines = [{**CONCRETE, "amount": "1,5"}, {**STEEL, "cost_code": "77"}, {**CONCRETE}]
    body = {"version": budget.export.version, "lines": lines, "remove": []}
    told = pam.put(f"budgets/{budget.pk}/lines/", body, 422)
    assert [one["where"] for one in told["faults"]] == [
        "/lines/0/amount",
        "/lines/1/cost_code",
        "/lines/2/cost_code",
    ]
    stale = pam.put(f"budgets/{budget.pk}/lines/", {**body, "version": 0, "lines": []}, 409)
    assert stale["type"] == "urn:erpbridge:stale"
    assert desk.budget.lines.count() == 3


def test_another_companys_budget_is_not_there(stage: Stage, program: Program) -> None:
    budget = Desk(stage).create()
    olga = program(stage.olga)
    for path in ("", "lines/", "figures/", "modifications/"):
        olga.get(f"budgets/{budget.pk}/{path}", 404)
    olga.post(f"budgets/{budget.pk}/lock/", {"version": 1}, 404)
    program(stage.vic).post(f"budgets/{budget.pk}/lock/", {"version": 1}, 403)
