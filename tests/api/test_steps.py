"""The buttons by API: who is refused is told why, and nothing was changed."""

from approvals.models import Export
from directory.models import Event
from tests import factories
from tests.api.conftest import Program
from tests.stage import Stage


def test_an_old_version_is_refused_with_what_happened_since(stage: Stage, program: Program) -> None:
    commitment = stage.commitment()
    seen = stage.send(commitment).version
    stage.step("retrieve", commitment, stage.pam)
    now = stage.send(commitment)
    address = f"exports/{now.pk}/accept/"
    told = program(stage.ann).post(address, {"version": seen}, 409)
    assert told["type"] == "urn:erpbridge:stale"
    assert (told["version_now"], told["status_now"]) == (now.version, "sent")
    assert len(told["changes"]) == 2
    assert all("Pam" in change for change in told["changes"])
    assert stage.status(commitment) == "sent"


def test_a_step_that_there_is_not_from_here(stage: Stage, program: Program) -> None:
    export = stage.send(stage.commitment())
    ann = program(stage.ann)
    told = ann.post(f"exports/{export.pk}/retry/", {"version": export.version}, 409)
    assert told["type"] == "urn:erpbridge:wrong-state"
    for no_step in ("begin", "succeed", "explode"):
        ann.post(f"exports/{export.pk}/{no_step}/", {"version": export.version}, 404)


def test_every_failing_rule_is_told_before_anything_is_sent(stage: Stage, program: Program) -> None:
    change_order = stage.change_order(stage.commitment(), title="x" * 31, status="draft")
    told = program(stage.pam).post(f"exports/{change_order.export_id}/send/", {"version": 0}, 422)
    assert told["type"] == "urn:erpbridge:not-ready"
    assert {problem["where"] for problem in told["problems"]} == {"status", "parent", "title"}
    assert stage.status(change_order) == "draft"


def test_a_destination_that_changed_meanwhile_is_refused(stage: Stage, program: Program) -> None:
    export = stage.send(stage.commitment())
    ann = program(stage.ann)
    seen = ann.get(f"exports/{export.pk}/preview/")
    stage.vendor.erp_id = stage.books.add_vendor("Ironwood II")
    stage.vendor.save()
    body = {"version": seen["version"], "terms": seen["terms_digest"]}
    told = ann.post(f"exports/{export.pk}/accept/", body, 409)
    assert told["type"] == "urn:erpbridge:stale"
    assert "preview" in told["detail"]


def test_reject_needs_a_comment_that_then_everybody_reads(stage: Stage, program: Program) -> None:
    commitment = stage.commitment()
    export = stage.send(commitment)
    ann, address = program(stage.ann), f"exports/{export.pk}/reject/"
    told = ann.post(address, {"version": export.version, "note": "  "}, 400)
    assert [fault["where"] for fault in told["faults"]] == ["/note"]
    ann.post(address, {"version": export.version, "note": "Line 2 is taxed."})
    seen = program(stage.pam).get(f"exports/{export.pk}/")
    assert seen["export"]["message"] == "Line 2 is taxed."
    assert [offer["step"] for offer in seen["steps"] if not offer["reasons"]] == ["send"]


def test_who_sent_it_does_not_decide_on_it(stage: Stage, program: Program) -> None:
    levels = stage.ann.memberships.get().levels
    levels.filter(tool__in=("commitments", "change_orders")).update(level=3)
    export = stage.send(stage.commitment(), by=stage.ann)
    told = program(stage.ann).post(f"exports/{export.pk}/accept/", {"version": export.version}, 409)
    assert "somebody else" in told["detail"]
    program(stage.bea).post(f"exports/{export.pk}/accept/", {"version": export.version})


def test_a_bulk_step_tells_each_item_what_became_of_it(stage: Stage, program: Program) -> None:
    good, stale, gone = (stage.commitment(number=f"SC-{n}") for n in (1, 2, 3))
    versions = {one.export_id: stage.send(one).version for one in (good, stale, gone)}
    stage.step("retrieve", gone, stage.pam)
    items = [{"id": pk, "version": version} for pk, version in versions.items()]
    items[1]["version"] = 7
    items.reverse()
    told = program(stage.ann).post("exports/bulk/accept/", {"items": items})
    first, second, third = told["results"]
    assert (first["id"], first["done"], first["status"]) == (gone.export_id, False, "retrieved")
    assert first["refused"]["type"] == "urn:erpbridge:stale"
    assert second["refused"]["version_now"] == 1
    assert (third["id"], third["done"], third["status"]) == (good.export_id, True, "accepted")
    assert third["refused"] is None
    assert stage.status(stale) == "sent"


def test_one_item_of_another_company_and_nothing_is_done(stage: Stage, program: Program) -> None:
    mine = stage.send(stage.commitment())
    foreign = Export.objects.create(
        company=stage.other,
        project=stage.other.projects.get(),
        kind="commitment",
        number="H-1",
        title="Theirs",
        amount=1,
        status="sent",
        copy="{}",
        copy_digest="x",
        created_by=stage.olga,
    )
    events = Event.objects.count()
    items = [{"id": mine.pk, "version": 1}, {"id": foreign.pk, "version": 0}]
    ann = program(stage.ann)
    for step in ("accept", "reject"):
        told = ann.post(f"exports/bulk/{step}/", {"items": items, "note": "No."}, 404)
        nothing = ann.post(
            f"exports/bulk/{step}/", {"items": [{"id": 2**40, "version": 0}], "note": "No."}, 404
        )
        assert told == nothing
    mine.refresh_from_db()
    assert (mine.status, Event.objects.count()) == ("sent", events)


def test_a_bulk_step_names_its_items_and_its_comment(stage: Stage, program: Program) -> None:
    export = stage.send(stage.commitment())
    ann, item = program(stage.ann), {"id": export.pk, "version": export.version}
    ann.post("exports/bulk/accept/", {"items": []}, 400)
    ann.post("exports/bulk/accept/", {"items": [item, item]}, 400)
    many = [{"id": n + 1, "version": 0} for n in range(501)]
    ann.post("exports/bulk/accept/", {"items": many}, 400)
    ann.post("exports/bulk/reject/", {"items": [item]}, 400)
    for step in ("retrieve", "begin", "adopt", "nothing"):
        ann.post(f"exports/bulk/{step}/", {"items": [item], "note": "No."}, 404)


def test_many_are_sent_at_once_each_by_itself(stage: Stage, program: Program) -> None:
    synced = stage.commitment(number="SC-0")
    stage.synced(synced)
    good, draft = stage.commitment(number="SC-1"), stage.commitment(number="SC-2", status="draft")
    mine, stale = stage.change_order(synced), stage.change_order(synced, number="002")
    items = [
        {"id": one.export_id, "version": 5 if one is stale else 0}
        for one in (mine, draft, good, stale)
    ]
    told = program(stage.pam).post("exports/bulk/send/", {"items": items}, key="k")
    assert [(one["done"], one["status"]) for one in told["results"]] == [
        (True, "sent"),
        (False, "draft"),
        (True, "sent"),
        (False, "draft"),
    ]
    refused = told["results"][1]["refused"]
    assert refused["type"] == "urn:erpbridge:not-ready"
    assert [problem["code"] for problem in refused["problems"]] == ["status"]
    assert told["results"][3]["refused"]["type"] == "urn:erpbridge:stale"
    assert stage.export(good).copy == good.to_document().canonical()
    assert Event.objects.filter(verb="send").count() == 3
    # Asked again with the same key, it is answered and not done again.
    assert program(stage.pam).post("exports/bulk/send/", {"items": items}, key="k") == told


def test_who_may_not_send_sends_none(stage: Stage, program: Program) -> None:
    commitment = stage.commitment()
    cco = stage.change_order(commitment)
    items = [{"id": one.export_id, "version": 0} for one in (commitment, cco)]
    program(stage.ann).post("exports/bulk/send/", {"items": items}, 403)
    program(stage.dora).post("exports/bulk/send/", {"items": items}, 404)
    stage.pam.memberships.get().levels.filter(tool="change_orders").update(level=1)
    told = program(stage.pam).post("exports/bulk/send/", {"items": items})
    assert [one["done"] for one in told["results"]] == [True, False]
    assert "Admin on Change Orders" in told["results"][1]["refused"]["detail"]


def test_what_is_sent_at_once_belongs_to_one_project(stage: Stage, program: Program) -> None:
    commitment = stage.commitment()
    second = factories.ProjectFactory.create(company=stage.company)
    theirs = factories.CommitmentFactory.create(
        project=second, number="SC-9", created_by=stage.pam, vendor=None
    )
    items = [{"id": one.export_id, "version": 0} for one in (commitment, theirs)]
    program(stage.pam).post("exports/bulk/send/", {"items": items}, 404)
    assert stage.status(commitment) == "draft"


def test_what_was_deleted_stays_readable(stage: Stage, program: Program) -> None:
    commitment = stage.commitment(status="draft")
    export = commitment.export_id
    pam = program(stage.pam)
    pam.delete(f"commitments/{commitment.pk}/?version=0")
    seen = pam.get(f"exports/{export}/")
    assert seen["document_id"] is None
    assert [event["verb"] for event in seen["history"]] == ["delete", "create"]


def test_the_exchanges_are_for_people_of_accounting(stage: Stage, program: Program) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    address = f"exports/{commitment.export_id}/exchanges/"
    [talk] = program(stage.ann).get(address)["results"]
    assert talk["outcome"] == "done"
    assert any("PurchaseOrderAddRq" in said["request"] for said in talk["said"] if said["writes"])
    assert "Standard" in program(stage.vic).get(address, 403)["detail"]
    assert "Standard" in program(stage.pam).get(address, 403)["detail"]


def test_accounting_does_not_see_what_was_never_sent(stage: Stage, program: Program) -> None:
    stage.ann.memberships.get().levels.filter(tool="commitments").update(level=0)
    commitment = stage.commitment()
    ann, export = program(stage.ann), f"exports/{commitment.export_id}/"
    ann.get(export, 404)
    ann.post("exports/bulk/accept/", {"items": [{"id": commitment.export_id, "version": 0}]}, 404)
    stage.send(commitment)
    assert ann.get(export)["copy"]["number"] == "SC-001"
    ann.get(f"commitments/{commitment.pk}/", 404)


def test_the_history_of_one_and_of_all(stage: Stage, program: Program) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    factories.CompanyFactory.create()
    one = program(stage.vic).get("events/", export=commitment.export_id)["results"]
    assert [(event["verb"], event["actor"]) for event in one] == [
        ("send", "Pam"),
        ("create", "Pam"),
    ]
    assert one[0]["data"]["amount"] == "35000.00"
    everything = program(stage.dora).get("events/", company=stage.company.pk)["results"]
    assert {"grant_push", "send"} <= {event["verb"] for event in everything}
    program(stage.ann).get("events/", 403, company=stage.company.pk)
    program(stage.pam).get("events/", 404, company=stage.company.pk)
