"""Who may take which step, from where, and who wins when two want different things."""

from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connections

from approvals import readiness, workflow
from approvals.errors import NotReady, Stale, StepError, WrongState
from approvals.models import Export, TabCount
from approvals.moves import Move, make
from approvals.states import BY_CHOICE, STEPS, Status, Who
from approvals.workflow import Item
from connectors.models import Conversation
from directory.history import faults
from directory.models import Event, Membership, Project
from directory.privilege import revoke_push
from tests.stage import Stage

PEOPLES = sorted(step.name for step in STEPS.values() if step.who != Who.WORKER)


def put_into(export: Export, status: str) -> None:
    """As if the export had come to `status`; only tests may do that."""
    filled = {
        "copy_digest": "0" * 64,
        "terms_digest": "0" * 64,
        "erp_id": "T-1",
    }
    Export.objects.filter(pk=export.pk).update(status=status, **filled)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "status"),
    [
        (name, status)
        for name, status in product(PEOPLES, Status.values)
        if status not in STEPS[name].sources
    ],
)
def test_there_is_no_other_step(stage: Stage, name: str, status: str) -> None:
    commitment = stage.commitment()
    put_into(commitment.export, status)
    who = stage.pam if STEPS[name].who == Who.SENDER else stage.ann
    before = Event.objects.count()
    with pytest.raises((StepError, KeyError)):
        stage.step(name, commitment, who, note="Because")
    assert stage.status(commitment) == status
    assert Event.objects.count() == before


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(BY_CHOICE))
def test_what_needs_a_choice_is_refused_at_every_plain_door(stage: Stage, name: str) -> None:
    commitment = stage.commitment()
    [source, *_] = STEPS[name].sources
    put_into(commitment.export, source)
    with pytest.raises(StepError, match="choose it there"):
        stage.step(name, commitment, stage.ann)
    assert stage.status(commitment) == source


@pytest.mark.django_db
@pytest.mark.parametrize("person", ["vic", "dora", "olga", "otto", "ann"])
def test_only_the_project_manager_sends(stage: Stage, person: str) -> None:
    commitment = stage.commitment()
    with pytest.raises(PermissionDenied, match="Admin on Commitments"):
        stage.send(commitment, by=getattr(stage, person))
    assert stage.status(commitment) == "draft"


@pytest.mark.django_db
@pytest.mark.parametrize("person", ["vic", "pam", "dora", "olga", "otto"])
def test_only_an_approver_accepts(stage: Stage, person: str) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    with pytest.raises(PermissionDenied):
        stage.accept(commitment, by=getattr(stage, person))
    assert stage.status(commitment) == "sent"


@pytest.mark.django_db
def test_the_tool_alone_is_not_enough(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    revoke_push(Membership.objects.get(user=stage.ann), by=stage.otto)
    with pytest.raises(PermissionDenied, match="Can Push to Accounting"):
        stage.accept(commitment, by=stage.ann)


@pytest.mark.django_db
def test_the_sender_does_not_decide_unless_one_person_does_both(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    Export.objects.filter(pk=commitment.export_id).update(sent_by=stage.ann)
    with pytest.raises(StepError, match="You sent"):
        stage.accept(commitment, by=stage.ann)
    stage.company.one_person_does_both = True
    stage.company.save()
    assert stage.accept(commitment, by=stage.ann).status == "accepted"


@pytest.mark.django_db
def test_a_project_that_nothing_came_for_sends_nothing(stage: Stage) -> None:
    Project.objects.filter(pk=stage.project.pk).update(erp_synced_at=None)
    with pytest.raises(NotReady, match="No data has come from the ERP for this project yet"):
        stage.send(stage.commitment())


@pytest.mark.django_db
def test_while_its_commitment_is_unlinking_a_change_order_is_not_accepted(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    change_order = stage.change_order(commitment)
    stage.send(change_order)
    Export.objects.filter(pk=commitment.export_id).update(status="unlinking")
    with pytest.raises(NotReady, match="is not in the ERP"):
        stage.accept(change_order)
    assert stage.status(change_order) == "sent"


@pytest.mark.django_db
def test_every_reason_is_named_at_once(stage: Stage) -> None:
    """A title too long, no vendor link, and a commitment that is not in QuickBooks."""
    commitment = stage.commitment()
    stage.vendor.erp_id = ""
    stage.vendor.save()
    change_order = stage.change_order(commitment, title="A title of more than thirty characters")
    with pytest.raises(NotReady) as refused:
        stage.send(change_order)
    assert {problem.where for problem in refused.value.problems} == {"parent", "vendor", "title"}
    assert stage.status(change_order) == "draft"


@pytest.mark.django_db
def test_a_stale_page_decides_nothing(stage: Stage) -> None:
    """Ann's page shows 35,000; Pam takes it back, changes it and sends it again; Ann clicks."""
    commitment = stage.commitment()
    seen = stage.send(commitment)
    stage.step("retrieve", commitment, stage.pam)
    commitment.lines.filter(number=1).update(amount="99000.00")
    stage.send(commitment)
    with pytest.raises(Stale) as refused:
        workflow.take("accept", seen, by=stage.access(stage.ann), version=seen.version)
    assert any("Retrieved from ERP by Pam" in change for change in refused.value.changes)
    assert stage.status(commitment) == "sent"
    assert not Conversation.objects.exists()


@pytest.mark.django_db
def test_a_destination_that_changed_under_the_preview_is_refused(stage: Stage) -> None:
    commitment = stage.commitment()
    export = stage.send(commitment)
    terms = readiness.terms_now(export)
    assert terms is not None
    stage.vendor.erp_id = stage.books.add_vendor("Ironwood Concrete (new)")
    stage.vendor.save()
    with pytest.raises(Stale, match=r"Where .* would go"):
        workflow.take(
            "accept",
            export,
            by=stage.access(stage.ann),
            version=export.version,
            terms=terms.digest(),
        )


@pytest.mark.django_db
def test_a_link_that_changes_after_acceptance_fails_before_anything_is_written(
    stage: Stage,
) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    stage.accept(commitment)
    stage.vendor.erp_id = stage.books.add_vendor("Ironwood Concrete (new)")
    stage.vendor.save()
    stage.visit()
    export = stage.export(commitment)
    assert export.status == "failed"
    assert "has changed since it was accepted" in export.message
    assert stage.books.purchase_orders() == []
    # Retried by somebody who looked, it goes to the new vendor.
    stage.step("retry", commitment, stage.ann)
    stage.visit()
    assert stage.status(commitment) == "synced"


@pytest.mark.django_db
def test_rejected_comes_back_with_the_comment_and_goes_again(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    with pytest.raises(StepError, match="comment"):
        stage.step("reject", commitment, stage.ann, note="  ")
    stage.step("reject", commitment, stage.ann, note="Wrong vendor")
    export = stage.export(commitment)
    assert (export.status, export.message) == ("rejected", "Wrong vendor")
    assert export.rejected_copy == export.copy
    assert stage.send(commitment).message == ""


@pytest.mark.django_db
def test_acceptance_can_be_undone_until_the_export_begins(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    stage.accept(commitment)
    stage.step("undo-acceptance", commitment, stage.ann)
    assert stage.status(commitment) == "sent"
    assert stage.visit() == 0
    stage.accept(commitment)
    stage.visit()
    assert stage.status(commitment) == "synced"


@pytest.mark.django_db
def test_a_change_order_waits_for_its_commitment(stage: Stage) -> None:
    commitment = stage.commitment()
    change_order = stage.change_order(commitment)
    with pytest.raises(NotReady, match="not in the ERP yet"):
        stage.send(change_order)


@pytest.mark.django_db
def test_many_at_once_each_with_its_result(stage: Stage, django_assert_max_num_queries) -> None:
    commitments = [stage.commitment(number=f"SC-{n:03}") for n in range(30)]
    for commitment in commitments:
        stage.send(commitment)
    stage.step("retrieve", commitments[3], stage.pam)
    items = [
        Item(export.pk, export.version)
        for export in Export.objects.filter(kind="commitment").order_by("id")
    ]
    items[5] = Item(items[5].id, 99)
    with django_assert_max_num_queries(25):
        results = workflow.take_all("accept", items, by=stage.access(stage.ann))
    errors = {place: result.error for place, result in enumerate(results) if result.error}
    assert {place: type(error) for place, error in errors.items()} == {3: WrongState, 5: Stale}
    assert Export.objects.filter(status="accepted").count() == 28
    assert counters(stage) == counted(stage)


@pytest.mark.django_db
def test_another_companys_items_do_not_exist(stage: Stage) -> None:
    commitment = stage.commitment()
    export = stage.send(commitment)
    from directory.access import access_to
    from directory.privilege import grant_push

    membership = Membership.objects.get(user=stage.olga)
    grant_push(membership, by=stage.otto)
    [result] = workflow.take_all(
        "reject", [Item(export.pk, 1)], by=access_to(stage.olga, stage.other), note="No"
    )
    assert (result.export, str(result.error)) == (None, "There is no such item.")
    assert stage.status(commitment) == "sent"


def counters(stage: Stage) -> dict[tuple[str, str], int]:
    rows = TabCount.objects.filter(company=stage.company).exclude(n=0)
    return {(row.kind, row.status): row.n for row in rows}


def counted(stage: Stage) -> dict[tuple[str, str], int]:
    counted: dict[tuple[str, str], int] = {}
    for export in Export.objects.filter(company=stage.company):
        place = (export.kind, export.status)
        counted[place] = counted.get(place, 0) + 1
    return counted


# --- At the same time --------------------------------------------------------------------------


def together(*jobs):
    """Run the jobs at once, each on its own connection; their results or their errors."""

    def run(job):
        try:
            return job()
        except (StepError, PermissionDenied) as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(jobs)) as threads:
        return list(threads.map(run, jobs))


@pytest.mark.django_db(transaction=True)
def test_two_approvers_at_once_one_wins(stage: Stage) -> None:
    for n in range(10):
        commitment = stage.commitment(number=f"SC-{n:03}")
        stage.send(commitment)
        export = stage.export(commitment)

        def accept(person, export=export):
            return workflow.take("accept", export, by=stage.access(person), version=export.version)

        ended = together(lambda: accept(stage.ann), lambda: accept(stage.bea))
        assert sum(isinstance(one, Export) for one in ended) == 1
        assert sum(isinstance(one, StepError) for one in ended) == 1
        assert Conversation.objects.filter(subject=str(export.pk)).count() == 1


@pytest.mark.django_db(transaction=True)
def test_retrieve_against_accept_one_wins(stage: Stage) -> None:
    for n in range(10):
        commitment = stage.commitment(number=f"SC-{n:03}")
        stage.send(commitment)
        export = stage.export(commitment)
        ended = together(
            lambda export=export: workflow.take(
                "accept", export, by=stage.access(stage.ann), version=export.version
            ),
            lambda export=export: workflow.take(
                "retrieve", export, by=stage.access(stage.pam), version=export.version
            ),
        )
        assert sum(isinstance(one, Export) for one in ended) == 1
        queued = Conversation.objects.filter(subject=str(export.pk)).count()
        assert (stage.status(commitment), queued) in (("accepted", 1), ("retrieved", 0))


@pytest.mark.django_db(transaction=True)
def test_revocation_against_acceptance_never_both_in_the_wrong_order(stage: Stage) -> None:
    """If the history tells of the revocation first, nothing was accepted after it."""
    membership = Membership.objects.get(user=stage.ann)
    from directory.privilege import grant_push

    for n in range(10):
        commitment = stage.commitment(number=f"SC-{n:03}")
        stage.send(commitment)
        export = stage.export(commitment)
        together(
            lambda export=export: workflow.take(
                "accept", export, by=stage.access(stage.ann), version=export.version
            ),
            lambda: revoke_push(membership, by=stage.otto),
        )
        told = list(
            Event.objects.filter(verb__in=["accept", "revoke_push"])
            .order_by("-id")
            .values_list("verb", flat=True)[: 2 if stage.status(commitment) == "accepted" else 1]
        )
        assert told in (["revoke_push", "accept"], ["revoke_push"])
        grant_push(membership, by=stage.otto)


@pytest.mark.django_db(transaction=True)
def test_singles_and_bulks_at_once_never_deadlock(stage: Stage) -> None:
    """Thirty-two single steps and three overlapping bulks, in different orders, all end."""
    exports = []
    for n in range(60):
        commitment = stage.commitment(number=f"SC-{n:03}")
        exports.append(stage.send(commitment))
    items = [Item(export.pk, export.version) for export in exports]

    def bulk(chosen):
        return workflow.take_all("accept", chosen, by=stage.access(stage.ann))

    def single(export):
        return workflow.take("accept", export, by=stage.access(stage.bea), version=export.version)

    jobs = [
        lambda: bulk(items),
        lambda: bulk(items[::-1]),
        lambda: bulk(items[::2] + items[1::2]),
        *(lambda export=export: single(export) for export in exports[:32]),
    ]
    ended = together(*jobs)
    assert len(ended) == 35
    assert Export.objects.filter(status="accepted").count() == 60
    assert Conversation.objects.count() == 60
    assert Event.objects.filter(verb="accept").count() == 60
    assert counters(stage) == counted(stage)
    assert list(faults(stage.company.pk)) == []


@pytest.mark.django_db
def test_the_update_itself_refuses_what_was_read_before_somebody_else(stage: Stage) -> None:
    """The last wall, should a verb ever forget its lock: no move, no event, no count."""
    commitment = stage.commitment()
    stage.send(commitment)
    stale, fresh = stage.export(commitment), stage.export(commitment)
    assert make(STEPS["retrieve"], [Move(fresh)], by=stage.pam.pk) == [fresh.pk]
    before = Event.objects.count()
    assert make(STEPS["retrieve"], [Move(stale)], by=stage.pam.pk) == []
    # The right version does not help where the step does not lead away from the status.
    stale.version = fresh.version
    assert make(STEPS["retrieve"], [Move(stale)], by=stage.pam.pk) == []
    assert Event.objects.count() == before
    # Nor the right status: it was taken back and sent again since, perhaps with another amount.
    stage.send(commitment)
    assert make(STEPS["retrieve"], [Move(stale)], by=stage.pam.pk) == []
    assert stage.status(commitment) == "sent"
    assert counters(stage) == counted(stage)
