"""Commitments, change orders, lists and the connection by API."""

from typing import Any

from commitments.workflow import load_commitment
from tests import factories
from tests.api.conftest import Program
from tests.engine.on_spectrum import move
from tests.stage import Stage


def whole(detail: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A commitment as it was answered, to be saved again."""
    row = detail["commitment"]
    names = ("version", "type", "number", "title", "date_created")
    lines = [
        {
            "id": line["id"],
            "cost_code": line["cost_code_id"],
            "category": line["category_id"],
            "description": line["description"],
            "amount": line["amount"],
        }
        for line in detail["lines"]
    ]
    return {
        **{name: row[name] for name in names},
        "vendor": row["vendor_id"],
        "description": detail["description"],
        "lines": lines,
        **changes,
    }


def test_a_commitment_is_read_changed_and_read_again(stage: Stage, program: Program) -> None:
    commitment = stage.commitment()
    pam, address = program(stage.pam), f"commitments/{commitment.pk}/"
    seen = pam.get(address)
    assert [line["amount"] for line in seen["lines"]] == ["10000.00", "25000.00"]
    body = whole(seen, title="Concrete and steel")
    body["lines"][0]["amount"] = "10500.50"
    saved = pam.put(address, body)
    assert saved == pam.get(address)
    assert saved["commitment"]["amount"] == "35500.50"
    assert saved["commitment"]["status"] == "draft"  # to be approved again
    told = pam.put(address, body, 409)
    assert told["type"] == "urn:erpbridge:stale"


def test_what_is_on_its_way_stays_as_it_is(stage: Stage, program: Program) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    pam, address = program(stage.pam), f"commitments/{commitment.pk}/"
    seen = pam.get(address)
    assert seen["problems"] == []
    body = whole(seen, number="SC-9", description="For the north wing")
    body["lines"][1]["amount"] = "1.00"
    told = pam.put(address, body, 422)
    assert {fault["where"] for fault in told["faults"]} == {"/number", "/lines"}
    saved = pam.put(address, whole(seen, description="For the north wing"))
    assert saved["description"] == "For the north wing"
    version = saved["commitment"]["version"]
    pam.delete(f"{address}?version={version}", 422)
    pam.delete(address, 400)


def test_a_change_order_is_changed_and_deleted(stage: Stage, program: Program) -> None:
    commitment = stage.commitment()
    change_order = stage.change_order(commitment, status="draft")
    pam, address = program(stage.pam), f"change-orders/{change_order.pk}/"
    seen = pam.get(address)
    [line] = seen["lines"]
    assert line["commitment_line_number"] == 1
    body = {
        "version": 0,
        "title": "Deeper",
        "lines": [
            {
                "id": line["id"],
                "commitment_line": line["commitment_line_id"],
                "category": "Subcontract",
                "amount": "-20.00",
            }
        ],
    }
    saved = pam.put(address, body)
    assert saved["change_order"]["amount"] == "-20.00"
    pam.delete(f"{address}?version={saved['change_order']['version']}")
    pam.get(address, 404)
    assert pam.get("change-orders/", project=stage.project.pk)["results"] == []


def test_approving_a_change_order_needs_admin_on_change_orders(
    stage: Stage, program: Program
) -> None:
    levels = stage.pam.memberships.get().levels.filter(tool="change_orders")
    levels.update(level=1)
    change_order = stage.change_order(stage.commitment(), status="draft")
    pam, address = program(stage.pam), f"change-orders/{change_order.pk}/status/"
    body = {"version": 0, "status": "approved"}
    assert "Change Orders" in pam.post(address, body, 403)["detail"]
    levels.update(level=3)
    assert pam.post(address, body)["change_order"]["status"] == "approved"


def test_ids_of_another_company_are_no_ids(stage: Stage, program: Program) -> None:
    commitment = stage.commitment()
    olga = program(stage.olga)
    theirs = stage.other.projects.get()
    for path in ("commitments/", "change-orders/", "vendors/", "cost-codes/", "categories/"):
        olga.get(path, 404, project=stage.project.pk)
    olga.get("change-orders/", 404, commitment=commitment.pk)
    for path in ("vendors/", "jobs/", "people/", "projects/", "connections/", "events/"):
        olga.get(path, 404, company=stage.company.pk)
    body = {
        "type": "subcontract",
        "number": "H-1",
        "title": "Theirs",
        "date_created": "2026-03-02",
        "vendor": stage.vendor.pk,
        "lines": [
            {
                "cost_code": stage.codes["03-300"].pk,
                "category": stage.category.pk,
                "amount": "1.00",
            }
        ],
    }
    olga.post("commitments/", {"project": stage.project.pk, **body}, 404)
    told = olga.post("commitments/", {"project": theirs.pk, **body}, 422)
    assert {fault["where"] for fault in told["faults"]} == {
        "/vendor",
        "/lines/0/cost_code",
        "/lines/0/category",
    }
    assert "Ironwood" not in str(told)
    olga.post("change-orders/", {"commitment": commitment.pk, "title": "Theirs"}, 404)


def test_a_project_manager_finds_what_lines_are_made_of(stage: Stage, program: Program) -> None:
    pam, place = program(stage.pam), {"project": stage.project.pk}
    [project] = pam.get("projects/", company=stage.company.pk)["results"]
    assert (project["number"], project["job"]) == ("26-010", "City of Alder:Library")
    [vendor] = pam.get("vendors/", **place, q="iron")["results"]
    assert vendor["erp_id"] == stage.vendor.erp_id
    codes = pam.get("cost-codes/", **place, q="05-")["results"]
    assert [code["code"] for code in codes] == ["05-120"]
    pam.get("vendors/", 404, company=stage.company.pk)
    pam.get("people/", 404, company=stage.company.pk)


def test_an_administrator_connects_quickbooks(stage: Stage, program: Program) -> None:
    olga, company = program(stage.olga), {"company": stage.other.pk}
    assert olga.get("connections/", **company)["results"] == []
    made = olga.post("connections/", {**company, "erp": "quickbooks"}, 201)
    assert made["endpoint"].endswith(f"/qbwc/{made['id']}/")
    assert made["qwc"].endswith(f"/qbwc/{made['id']}.qwc")
    password = made.pop("password")
    [row] = olga.get("connections/", **company)["results"]
    assert row == made
    assert password not in str(row)
    olga.post("connections/", {**company, "erp": "quickbooks"}, 422)
    told = program(stage.ann).get("connections/", 403, company=stage.company.pk)
    assert "Admin on ERP Integrations" in told["detail"]
    program(stage.dora).post("connections/", {"company": stage.company.pk, "erp": "sap"}, 422)


def test_lists_are_narrowed(stage: Stage, program: Program) -> None:
    other = factories.VendorFactory.create(company=stage.company)
    first = stage.commitment(number="SC-1")
    order = stage.commitment(number="PO-1", type="purchase_order", vendor=other, status="draft")
    stage.synced(first)
    change, pending = stage.change_order(first), stage.change_order(order, status="pricing")
    stage.send(change)
    pam, project = program(stage.pam), stage.project.pk
    for asked, found in (
        ("status=draft", [order]),
        ("type=subcontract", [first]),
        (f"vendor={other.pk}", [order]),
        ("export_status=synced", [first]),
        ("export_status=synced&status=draft", []),
    ):
        told = pam.get(f"commitments/?project={project}&{asked}")
        assert [row["id"] for row in told["results"]] == [one.pk for one in found], asked
    for asked, wanted in (
        (f"project={project}&status=pricing", [pending]),
        (f"project={project}&type=subcontract", [change]),
        (f"project={project}&vendor={other.pk}", [pending]),
        (f"commitment={first.pk}&export_status=sent", [change]),
        (f"commitment={first.pk}&status=pricing", []),
    ):
        told = pam.get(f"change-orders/?{asked}")
        assert [row["id"] for row in told["results"]] == [one.pk for one in wanted], asked
    told = pam.get(f"commitments/?project={project}&status=open", 400)
    assert told["faults"][0]["where"] == "status"


def test_the_words_for_spectrum_take_no_approval_back_and_are_locked_with_the_rest(
    stage: Stage, program: Program
) -> None:
    move(stage, "http://127.0.0.1:8482")
    said = "Spread footings and grade beams, axes A to F"
    commitment = stage.commitment(lines=[("03-300", said, "10000.00")])
    pam, address = program(stage.pam), f"commitments/{commitment.pk}/"
    seen = pam.get(address)
    assert [one["where"] for one in seen["problems"]] == ["line:1"]
    line = {
        "id": seen["lines"][0]["id"],
        "cost_code": "03-300",
        "category": "Subcontract",
        "description": said,
        "erp_description": "Footings",
        "amount": "10000.00",
    }
    names = ("version", "type", "number", "title", "date_created")
    body = {name: seen["commitment"][name] for name in names}
    body |= {"vendor": seen["commitment"]["vendor_id"], "erp_title": "Slabs", "lines": [line]}
    saved = pam.put(address, body)
    assert saved["problems"] == []
    assert saved["commitment"]["status"] == "approved"
    assert (saved["erp_title"], saved["lines"][0]["erp_description"]) == ("Slabs", "Footings")

    export = stage.send(load_commitment(commitment.pk))
    assert '"erp_title":"Slabs"' in export.copy
    assert '"erp_description":"Footings"' in export.copy
    body |= {"version": stage.export(commitment).version, "erp_title": "Other"}
    body["lines"] = [{**line, "erp_description": "Beams"}]
    told = pam.put(address, body, 422)
    assert {fault["where"] for fault in told["faults"]} == {"/erp_title", "/lines"}
