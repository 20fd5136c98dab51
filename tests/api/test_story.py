"""The main job by API: what a program of Pam's and a program of Ann's do."""

from decimal import Decimal
from typing import Any

from tests.api.conftest import Program
from tests.stage import Stage


def test_a_change_order_is_made_sent_and_accepted_by_programs(
    stage: Stage, program: Program
) -> None:
    pam, ann = program(stage.pam), program(stage.ann)
    made = pam.post(
        "commitments/",
        {
            "project": stage.project.pk,
            "type": "subcontract",
            "number": "SC-7",
            "title": "Concrete",
            "vendor": stage.vendor.pk,
            "date_created": "2026-03-02",
            "lines": [
                {"cost_code": "03-300", "category": "Subcontract", "amount": "10000.00"},
                {
                    "cost_code": stage.codes["05-120"].pk,
                    "category": stage.category.pk,
                    "quantity": "2.5",
                    "unit_cost": "100",
                },
            ],
        },
        201,
    )
    commitment = made["commitment"]
    assert (commitment["status"], commitment["amount"]) == ("draft", "10250.00")
    assert [problem["code"] for problem in made["problems"]] == ["status"]

    made = pam.post(
        f"commitments/{commitment['id']}/status/",
        {"version": commitment["version"], "status": "approved"},
    )
    assert made["problems"] == []
    commitment = made["commitment"]
    assert carried(stage, pam, ann, commitment)["erp_number"] == "SC-7"

    lines = {line["cost_code"]: line["id"] for line in made["lines"]}
    made = pam.post(
        "change-orders/",
        {
            "commitment": commitment["id"],
            "title": "Deeper footings",
            "lines": [
                {"commitment_line": lines["03-300"], "category": "Subcontract", "amount": "750.10"},
                {"commitment_line": lines["03-300"], "category": "Subcontract", "amount": "-0.10"},
                {
                    "new_scope": True,
                    "cost_code": "09-290",
                    "category": "Subcontract",
                    "description": "Fire wall",
                    "amount": "99.99",
                },
            ],
        },
        201,
    )
    change_order = made["change_order"]
    assert (change_order["number"], change_order["amount"]) == ("001", "849.99")
    made = pam.post(
        f"change-orders/{change_order['id']}/status/",
        {"version": change_order["version"], "status": "approved"},
    )
    row = carried(stage, pam, ann, made["change_order"])
    assert (row["status"], row["amount"]) == ("synced", "849.99")
    order = stage.order("SC-7")
    assert order.total == Decimal("11099.99")
    assert [line.amount for line in order.lines][2:] == [Decimal("750.00"), Decimal("99.99")]

    detail = pam.get(f"exports/{row['id']}/")
    assert [event["verb"] for event in detail["history"]][:2] == ["succeed", "begin"]
    assert detail["receipt"]["id"] == order.txn_id
    assert detail["copy"]["amount"] == "849.99"


def carried(stage: Stage, pam, ann, document: Any) -> Any:
    """Pam sends it, Ann accepts what the preview shows, QuickBooks collects it."""
    export = f"exports/{document['export_id']}/"
    pam.post(f"{export}send/", {"version": document["version"]})
    seen = ann.get(f"{export}preview/")
    assert seen["problems"] == []
    assert seen["preview"]["change"] == document["amount"]
    accepted = ann.post(
        f"{export}accept/", {"version": seen["version"], "terms": seen["terms_digest"]}
    )
    assert accepted["status"] == "accepted"
    stage.visit()
    row = pam.get(export)["export"]
    assert row["status"] == "synced", row["message"]
    return row
