"""Change events by API: the way from a line to a change order and back."""

from typing import Any

from tests import factories
from tests.api.conftest import Program
from tests.stage import Stage


def switched_on(stage: Stage) -> None:
    stage.project.change_events = True
    stage.project.save()


def new(stage: Stage, *lines: dict[str, object]) -> dict[str, object]:
    return {"project": stage.project.pk, "title": "Owner moves the stair", "lines": list(lines)}


def line(amount: str = "500.00", **fields: object) -> dict[str, object]:
    return {"cost_code": "03-300", "category": "Subcontract", "amount": amount, **fields}


def test_a_line_becomes_a_change_orders_and_comes_back(stage: Stage, program: Program) -> None:
    switched_on(stage)
    commitment, pam = stage.commitment(), program(stage.pam)
    body = new(stage, line(commitment=commitment.pk), line("-20.50", vendor=stage.vendor.pk))
    made = pam.post("change-events/", body, 201, key="one")
    assert pam.post("change-events/", body, 201, key="one") == made
    assert (made["change_event"]["number"], made["change_event"]["amount"]) == ("001", "479.50")
    address, lines = f"change-events/{made['change_event']['id']}/", made["lines"]
    ids = [one["id"] for one in lines]

    told = pam.post(f"{address}create-change-orders/", {"version": 0, "lines": ids}, 422)
    assert [fault["where"] for fault in told["faults"]] == ["/commitment"]
    asked = {"version": 0, "lines": ids[:1]}
    carried = pam.post(f"{address}create-change-orders/", asked, 201, key="two")
    assert pam.post(f"{address}create-change-orders/", asked, 201, key="two") == carried
    first, second = carried["lines"]
    assert (first["change_order_number"], first["export_status"]) == ("001", "draft")
    assert second["change_order_id"] is None
    order = pam.get(f"change-orders/{first['change_order_id']}/")
    assert order["lines"][0]["id"] == first["change_order_line_id"]
    asked = {"version": 1, "lines": ids[1:], "change_order": first["change_order_id"]}
    added = pam.post(f"{address}add-to-change-order/", asked)
    assert added["change_event"]["in_change_orders"] == "479.50"
    place = {"project": stage.project.pk}
    [row] = pam.get("change-events/", **place, change_order=first["change_order_id"])["results"]
    assert row == added["change_event"]
    after = pam.post(f"{address}detach/", {"version": 2, "lines": ids})
    assert after["change_event"]["in_change_orders"] == "0.00"
    assert pam.post(f"{address}detach/", {"version": 2, "lines": ids}, 409)["changes"]


def test_it_is_changed_closed_and_deleted(stage: Stage, program: Program) -> None:
    switched_on(stage)
    pam = program(stage.pam)
    made = pam.post("change-events/", new(stage, line()), 201)
    address = f"change-events/{made['change_event']['id']}/"
    kept = line("7.00", id=made["lines"][0]["id"])
    saved = pam.put(address, {"version": 0, "title": "Less", "reason": "design", "lines": [kept]})
    assert saved == pam.get(address)
    assert (saved["change_event"]["reason"], saved["change_event"]["amount"]) == ("design", "7.00")
    assert pam.put(address, {"version": 0, "title": "More"}, 409)["type"] == "urn:erpbridge:stale"
    pam.post(f"{address}status/", {"version": 1, "status": "closed"})
    pam.put(address, {"version": 2, "title": "More"}, 422)
    pam.delete(f"{address}?version=2")
    pam.get(address, 404)


def test_a_list_goes_on_where_it_stopped(stage: Stage, program: Program) -> None:
    factories.ChangeEventFactory.create_batch(5, project=stage.project, created_by=stage.pam)
    pam, place = program(stage.pam), {"project": stage.project.pk, "size": 2}
    seen: list[int] = []
    more: dict[str, Any] = {}
    for expected in (2, 2, 1):
        page = pam.get("change-events/", **place, **more)
        assert len(page["results"]) == expected
        seen += [row["id"] for row in page["results"]]
        more = {"cursor": page["next"]}
    assert page["next"] is None
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 5


def test_where_the_tool_is_on_change_orders_are_not_entered(stage, program: Program) -> None:
    commitment = stage.commitment()
    switched_on(stage)
    pam = program(stage.pam)
    told = pam.post("change-orders/", {"commitment": commitment.pk, "title": "Direct"}, 422)
    assert "made from change events" in told["faults"][0]["text"]
    [project] = pam.get("projects/", company=stage.company.pk)["results"]
    assert project["change_events"] is True


def test_another_companys_are_not_there(stage: Stage, program: Program) -> None:
    made = factories.ChangeEventFactory.create(project=stage.project, created_by=stage.pam)
    olga = program(stage.olga)
    olga.get("change-events/", 404, project=stage.project.pk)
    olga.get(f"change-events/{made.pk}/", 404)
    olga.post("change-events/", new(stage), 404)
