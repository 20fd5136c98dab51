"""What cannot be meant is refused at the door, with every fault at once, and nothing is done."""

import time
from typing import Any

import pytest
from django.test import Client

from approvals.models import Export
from commitments.models import Commitment
from directory.models import ApiToken
from tests.api.conftest import Program
from tests.stage import Stage


def faults(told: Any) -> dict[str, str]:
    return {fault["where"]: fault["text"] for fault in told["faults"]}


def test_every_fault_of_a_body_is_told_at_once(stage: Stage, program: Program) -> None:
    told = program(stage.pam).post(
        "commitments/",
        {
            "project": "1",
            "type": "lease",
            "title": 5,
            "date_created": "2026-02-30",
            "vender": stage.vendor.pk,
            "lines": [{"amount": 10.1}, "Concrete", {"amount": "1", "colour": "red"}],
        },
        400,
    )
    assert faults(told) == {
        "/vender": "There is nothing of this name here.",
        "/number": "This is needed.",
        "/project": "Expected int, got str.",
        "/type": "Expected one of: purchase_order, subcontract.",
        "/title": "Expected str, got int.",
        "/date_created": "Expected a date like 2026-03-02.",
        "/lines/0/amount": "Expected str | null, got float. "
        'A decimal in a text, such as "1500.00".',
        "/lines/1": "Expected an object.",
        "/lines/2/colour": "There is nothing of this name here.",
    }


def test_what_makes_no_sense_is_refused_with_every_fault(stage: Stage, program: Program) -> None:
    told = program(stage.pam).post(
        "commitments/",
        {
            "project": stage.project.pk,
            "type": "subcontract",
            "number": "",
            "title": "x" * 300,
            "date_created": "2026-03-02",
            "vendor": 2**40,
            "lines": [
                {"cost_code": "99-999", "category": "Subcontract", "amount": "1.005"},
                {"cost_code": "03-300", "category": "Subcontract", "quantity": "2"},
            ],
        },
        422,
    )
    assert set(faults(told)) == {
        "/number",
        "/title",
        "/vendor",
        "/lines/0/cost_code",
        "/lines/0/amount",
        "/lines/1/amount",
    }
    assert not Commitment.objects.exists()
    assert not Export.objects.exists()


def test_what_is_wrong_with_the_whole_names_no_field(stage: Stage, program: Program) -> None:
    export = stage.send(stage.commitment())
    path = f"commitments/{export.document.id}/?version={export.version}"
    told = program(stage.pam).delete(path, 422)
    assert set(faults(told)) == {""}, "“/” would be a field without a name"


def test_parameters_are_read_as_strictly(stage: Stage, program: Program) -> None:
    ann = program(stage.ann)
    told = ann.get("exports/", 400, compnay=1, kind="invoice", size="1000", view="none")
    assert set(faults(told)) == {"compnay", "company", "kind", "size", "view"}
    told = program(stage.pam).get(
        "commitments/", 400, project=stage.project.pk, type="Subcontract", vendor="Alder"
    )
    assert faults(told) == {
        "type": "Expected one of: purchase_order, subcontract.",
        "vendor": "Expected int | null, got str.",
    }
    told = ann.get("exports/", 400, company=["1", "2"], kind="commitment")
    assert faults(told) == {"company": "This is given more than once."}
    told = ann.get("exports/", 400, company=stage.company.pk, kind="commitment", cursor="x")
    assert set(faults(told)) == {"cursor"}
    ann.get("vendors/", 400)
    ann.get("vendors/", 400, company=1, project=1)


@pytest.mark.parametrize(
    "sent",
    [
        b"{",
        b"not json",
        b'{"version": NaN}',
        b'{"version": 1, "note": "\\ud800"}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[]",
        b'"text"',
        b"null",
    ],
)
def test_what_is_no_json_object_is_told_so(stage: Stage, program: Program, sent: bytes) -> None:
    export = stage.send(stage.commitment())
    client = program(stage.ann).client
    address = f"/api/v1/exports/{export.pk}/accept/"
    response = client.post(address, sent, content_type="application/json")
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"


def test_other_formats_large_bodies_and_nul_are_refused(stage: Stage, program: Program) -> None:
    export = stage.send(stage.commitment())
    ann = program(stage.ann)
    address = f"/api/v1/exports/{export.pk}/reject/"
    sent = ann.client.post(address, "<version>1</version>", content_type="application/xml")
    assert sent.status_code == 415
    assert "Content-Type: application/json" in sent.json()["detail"]
    answer = ann.client.get(f"/api/v1/exports/{export.pk}/", headers={"Accept": "application/xml"})
    assert (answer.status_code, answer.json()["detail"]) == (
        406,
        "Answers are application/json; errors are application/problem+json. "
        "Ask for those, or for */*.",
    )
    large = b'{"note": "' + b"x" * 6_000_000 + b'"}'
    assert ann.client.post(address, large, content_type="application/json").status_code == 413
    told = ann.post(f"exports/{export.pk}/reject/", {"version": 1, "note": "a\0b"}, 400)
    assert set(faults(told)) == {"/note"}
    ann.get("exports/", 400, company=stage.company.pk, kind="commitment", q="a\0b")
    export.refresh_from_db()
    assert export.status == "sent"


def test_numbers_beyond_every_id_are_only_not_found(stage: Stage, program: Program) -> None:
    ann = program(stage.ann)
    for path in ("exports", "commitments", "change-orders"):
        ann.get(f"{path}/{10**30}/", 404)
    ann.get("exports/", 400, company=10**30, kind="commitment")
    ann.get("exports/", 404, company=2**62, kind="commitment")


def test_a_method_that_there_is_not(stage: Stage, program: Program) -> None:
    response = program(stage.ann).client.patch("/api/v1/companies/", {})
    assert response.status_code == 405
    assert set(response["Allow"].split(", ")) == {"GET", "OPTIONS"}
    assert response.json()["detail"] == "PATCH is not possible here. Possible are: GET, OPTIONS."


def test_an_address_that_there_is_not(stage: Stage, program: Program) -> None:
    response = program(stage.ann).client.post("/api/v1/invoices/", {})
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")


def test_an_address_without_its_slash_is_told_of_it(client: Client) -> None:
    for address in ("/api/v1/commitments", "/api/v1/exports/7/accept"):
        answer = client.post(address, {}, content_type="application/json")
        assert answer.status_code == 404
        assert "with a slash at its end" in answer.json()["detail"]
    assert "slash" not in client.get("/api/v1/comitments/").json()["detail"]


def test_an_address_with_a_line_break_is_told_as_a_problem(client: Client) -> None:
    for address in ("/api/v1/erp-records/%0A/", "/api/v1/nowhere/", "/api/v1/"):
        answer = client.get(address)
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_too_many_requests_of_one_person_are_refused_for_the_rest_of_the_minute(
    stage: Stage, program: Program, settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = 1.8e9 + 1
    monkeypatch.setattr(time, "time", lambda: clock)
    settings.REQUESTS_A_MINUTE = 3
    ann, bea = program(stage.ann), program(stage.bea)
    for _ in range(3):
        ann.get("companies/")
    told = ann.get("companies/", 429)
    assert "3 requests a minute are possible" in told["detail"]
    key = {"Authorization": f"Bearer {ApiToken.make(stage.ann, 'another')}"}
    refused = Client().get("/api/v1/companies/", headers=key)
    assert refused.status_code == 429, "another token is the same person's"
    assert 1 <= int(refused["Retry-After"]) <= 61
    bea.get("companies/")
    clock += 60
    ann.get("companies/")
