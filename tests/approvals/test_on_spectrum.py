"""What approvers do with a Spectrum that did not answer, or took a part: never anything twice.

Spectrum is the sandbox's stand-in, called over real HTTP.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from approvals.errors import NotReady, StepError
from approvals.history_texts import history_of
from approvals.models import Export
from approvals.month_end import contracts, jobs
from commitments.models import Commitment
from connectors import engine
from connectors.syncing import request_sync
from directory.models import Project, ToolLevel, Vendor
from directory.perms import Level, Tool
from tests import factories
from tests.engine.on_spectrum import OnSpectrum, listening, move, spectrum_books
from tests.stage import Stage, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

SEEN = {"attested": "yes", "note": "Looked at the change order log of SC-001."}


@pytest.fixture
def spectrum(stage: Stage, settings) -> Iterator[OnSpectrum]:
    """Ann may also unlink and link: that needs Admin on the project's Commitments."""
    settings.ERP_QUARANTINE_SECONDS = 0
    ToolLevel.objects.filter(membership__user=stage.ann, tool=Tool.COMMITMENTS).update(
        level=Level.ADMIN
    )
    company = spectrum_books()
    with listening(company) as address:
        move(stage, address)
        yield OnSpectrum(stage, company, address)
    company.close()


def page_of(client: Client, stage: Stage, document) -> str:
    return client.get(f"/exports/{document.export_id}/").content.decode()


def post(client: Client, stage: Stage, document, step: str, **said: str) -> str:
    export = stage.export(document)
    address = f"/exports/{export.pk}/{step}/"
    answer = client.post(address, {"version": export.version, **said}, follow=True)
    return answer.content.decode()


def unanswered(spectrum: OnSpectrum, stage: Stage):
    """A change order that Spectrum took, and whose answer was lost."""
    commitment = stage.commitment()
    spectrum.synced(commitment)
    document = stage.change_order(commitment)
    spectrum.accepted(document)
    spectrum.company.faults.add("answer_lost", "ARChangeRequest")
    spectrum.serve()
    if stage.status(document) == "unknown":
        spectrum.serve()  # the search, which can only say that a person has to look
    export = stage.export(document)
    assert export.status == "needs_attention", (export.status, export.message)
    return document


def test_ann_finds_what_was_never_answered(
    spectrum: OnSpectrum, stage: Stage, client: Client
) -> None:
    document = unanswered(spectrum, stage)
    sign_in(client, stage.ann)
    page = page_of(client, stage, document)
    assert "Spectrum did not say whether it took a line of change order S001-001" in page
    assert "Something of it may be in Spectrum already, from an earlier try" in page
    assert "is not asked beforehand" not in page
    assert "Is it in Spectrum?" in page
    post(client, stage, document, "attest", number="S001-001", **SEEN)
    export = stage.export(document)
    assert (export.status, export.erp_number) == ("synced", "S001-001")
    assert export.erp_receipt is not None
    assert export.erp_receipt.id == "26010/S001-001"
    assert history_of(export)[0].attested.startswith("It is in Viewpoint Spectrum")
    assert spectrum.total() == Decimal("36500.00"), "once"


def test_ann_removes_what_was_never_answered_and_it_goes_again(
    spectrum: OnSpectrum, stage: Stage, client: Client
) -> None:
    document = unanswered(spectrum, stage)
    # Retry can do nothing: nobody has looked.
    sign_in(client, stage.ann)
    assert "Spectrum did not say whether it took" in post(client, stage, document, "retry")
    assert stage.status(document) == "needs_attention"
    spectrum.company.by_hand.delete_change_request("26010", "ALDER", "S001-001")
    post(client, stage, document, "record-absent", note="Deleted its line.")
    stage.step("retry", document, stage.ann)
    spectrum.serve()
    export = stage.export(document)
    assert (export.status, export.erp_number) == ("synced", "S001-001")
    assert spectrum.total() == Decimal("36500.00")


def test_a_part_is_told_line_by_line_and_a_retry_goes_on(
    spectrum: OnSpectrum, stage: Stage, client: Client
) -> None:
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    spectrum.company.faults.add("refused", call=3, text="Phase is locked by another user")
    spectrum.serve()
    sign_in(client, stage.ann)
    page = page_of(client, stage, commitment)
    assert stage.status(commitment) == "needs_attention", page
    assert "Partly in Spectrum" in page
    assert "Phase is locked by another user" in page
    assert "Part of it is in Spectrum already, from an earlier try" in page
    assert "is not asked beforehand" not in page
    before = len(spectrum.sent())
    stage.step("retry", commitment, stage.ann)
    spectrum.serve()
    assert stage.status(commitment) == "synced"
    assert spectrum.sent()[before:] == ["POST /ws/UpdateSubcontractPhases"]
    assert spectrum.total() == Decimal("35000.00")


def test_month_end_says_what_is_there_in_part(
    spectrum: OnSpectrum, stage: Stage, client: Client
) -> None:
    def half_there(number: str) -> int:
        commitment = stage.commitment(number=number)
        spectrum.accepted(commitment)
        spectrum.company.faults.add("refused", call=3, text="Phase is locked by another user")
        spectrum.serve()
        assert stage.status(commitment) == "needs_attention"
        with CaptureQueriesContext(database) as queries:
            contracts(stage.project)
            jobs([stage.project], spectrum.connection)
        return len(queries)

    few = half_there("SC-001")
    [row] = contracts(stage.project)
    assert row.exported == 0
    assert row.reasons == ["1 needs attention: 35,000.00", "part of SC-001 is in Spectrum"]
    sign_in(client, stage.ann)
    page = f"/companies/{stage.company.pk}/erp/month-end/"
    assert "part of SC-001 is in Spectrum" in client.get(page).content.decode()
    one = f"{page}{stage.project.pk}/"
    assert "part of SC-001 is in Spectrum" in client.get(one).content.decode()
    assert half_there("SC-002") == few, "queries"
    assert "2 documents are there in part" in client.get(page).content.decode()


def test_a_vendor_that_is_linked_elsewhere_while_an_answer_is_missing(
    spectrum: OnSpectrum, stage: Stage
) -> None:
    """What may be there for the first vendor is not sent to another one, by nobody's click."""
    spectrum.company.add_vendor("MOOR", "Mooring Electric")
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    spectrum.company.faults.add("answer_lost", call=1)
    spectrum.serve()
    assert stage.status(commitment) == "unknown"
    Vendor.objects.filter(pk=stage.vendor.pk).update(erp_id="MOOR")
    spectrum.quiet()
    export = stage.export(commitment)
    assert export.status == "needs_attention"
    assert "something of it may be in Spectrum as it was before" in export.message
    stage.step("retry", commitment, stage.ann)
    spectrum.quiet()
    export = stage.export(commitment)
    assert export.status == "needs_attention"
    assert "a link or a setting was changed in between" in export.message
    assert spectrum.sent() == ["POST /ws/UpdateSubcontract"]
    Vendor.objects.filter(pk=stage.vendor.pk).update(erp_id="IRON")
    stage.step("retry", commitment, stage.ann)
    spectrum.quiet()
    assert stage.status(commitment) == "synced"
    assert spectrum.total() == Decimal("35000.00")


def test_what_is_half_there_is_not_given_back_to_be_changed(
    spectrum: OnSpectrum, stage: Stage
) -> None:
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    spectrum.company.faults.add("refused", call=3)
    spectrum.serve()
    # As programs before this one left it, which took some refusals for the end of it.
    Export.objects.filter(pk=commitment.export_id).update(status="failed")
    with pytest.raises(StepError, match="Part of Commitment SC-001 may be in the ERP"):
        stage.step("reject", commitment, stage.ann, note="Wrong vendor")
    Export.objects.filter(pk=commitment.export_id).update(status="needs_attention")
    stage.step("record-absent", commitment, stage.ann, note="Deleted its header and line.")
    stage.step("reject", commitment, stage.ann, note="Wrong vendor")
    assert stage.status(commitment) == "rejected"


def test_pam_is_told_of_a_completed_phase_before_she_sends(
    spectrum: OnSpectrum, stage: Stage, client: Client
) -> None:
    spectrum.company.by_hand.set_status("phase", ("26010", "05120", "S"), "C")
    request_sync(stage.connection, by=stage.access(stage.dora))
    spectrum.serve()
    commitment = stage.commitment()
    sign_in(client, stage.pam)
    page = client.get(commitment.get_absolute_url()).content.decode()
    assert "phase 05120 with cost type S is completed on job 26010 in Spectrum" in page
    with pytest.raises(NotReady, match="is completed on job 26010"):
        stage.send(commitment)


def test_a_subcontract_is_not_written_over_by_another_of_its_number(
    spectrum: OnSpectrum, stage: Stage, client: Client
) -> None:
    """Nobody knows whether Spectrum tells SC-001 from sc-001, and it cannot be asked."""
    first, second = stage.commitment(), stage.commitment(number="sc-001")
    spectrum.synced(first)
    stage.send(second)
    sign_in(client, stage.ann)
    refused = post(client, stage, second, "accept")
    assert "would write over the subcontract of Commitment SC-001" in refused
    assert stage.status(second) == "sent"

    post(client, stage, first, "unlink", attested="yes", note="Deleted it in Spectrum myself.")
    assert stage.status(first) == "draft"
    post(client, stage, second, "accept")
    assert stage.status(second) == "accepted"
    spectrum.serve()
    assert stage.status(second) == "synced"
    stage.send(first)
    assert "would write over the subcontract of Commitment sc-001" in post(
        client, stage, first, "accept"
    )


def test_a_record_that_a_person_attested_is_taken_too(
    spectrum: OnSpectrum, stage: Stage, client: Client
) -> None:
    first, second = stage.commitment(), stage.commitment(number="HAND-9")
    sign_in(client, stage.ann)
    post(client, stage, first, "attest", number="hand-9", **SEEN)
    assert stage.status(first) == "synced"
    stage.send(second)
    assert "would write over the subcontract of Commitment SC-001" in post(
        client, stage, second, "accept"
    )


def test_a_number_that_was_given_up_is_free_for_another(spectrum: OnSpectrum, stage: Stage) -> None:
    """SC-001 was refused, and went as SC-009 then."""
    first = stage.commitment()
    spectrum.accepted(first)
    spectrum.company.faults.add("refused", text="No such account")
    spectrum.serve()
    stage.step("reject", first, stage.ann, note="Give it another number.")
    Commitment.objects.filter(pk=first.pk).update(number="SC-009")
    first.refresh_from_db()
    spectrum.synced(first)
    spectrum.synced(stage.commitment())
    assert spectrum.total() == Decimal("35000.00")


def test_who_sees_a_change_order_there_links_it_whosever_its_number_was(
    spectrum: OnSpectrum, stage: Stage, client: Client
) -> None:
    """It was made anew here, and what stands in Spectrum was left as it is."""
    commitment = stage.commitment()
    spectrum.synced(commitment)
    first = stage.change_order(commitment)
    spectrum.synced(first)
    second = stage.change_order(commitment, number="002")
    sign_in(client, stage.ann)
    page = post(client, stage, second, "attest", number="S001-001", **SEEN)
    assert "it is that of Commitment Change Order 001 of SC-001" in page
    post(client, stage, first, "unlink", attested="yes", note="It stays there, as that of 002.")
    post(client, stage, second, "attest", number="S001-001", **SEEN)
    assert (stage.status(second), stage.export(second).erp_number) == ("synced", "S001-001")
    spectrum.synced(first)
    assert stage.export(first).erp_number != "S001-001"


def test_what_a_person_has_seen_there_is_settled(
    spectrum: OnSpectrum, stage: Stage, client: Client
) -> None:
    """Only what is not holds up that Spectrum gets another address."""
    document = unanswered(spectrum, stage)
    assert engine.is_unsettled(spectrum.connection)
    sign_in(client, stage.ann)
    post(client, stage, document, "attest", number="S001-001", **SEEN)
    assert stage.status(document) == "synced"
    assert not engine.is_unsettled(spectrum.connection)


def test_it_is_looked_for_where_it_was_sent(spectrum: OnSpectrum, stage: Stage) -> None:
    document = unanswered(spectrum, stage)
    job = factories.JobFactory.create(company=stage.company, name="26011", erp_id="26011")
    Project.objects.filter(pk=stage.project.pk).update(job=job)
    with pytest.raises(NotReady, match="look at the change request S001-001 of job 26010"):
        stage.step("retry", document, stage.ann)


# --- What is known of each call --------------------------------------------------------------


def standing(client: Client, stage: Stage, document, address: str = "") -> dict[str, str]:
    """What the panel says of its calls."""
    page = client.get(address or f"/exports/{document.export_id}/").content.decode()
    return dict(re.findall(r"<dt>([^<]*Spectrum|Not sent)</dt>\s*<dd>([^<]+)</dd>", page))


def test_while_an_answer_is_missing_the_page_says_what_arrived(
    spectrum: OnSpectrum, stage: Stage, client: Client
) -> None:
    """The header was confirmed, the first line never answered, the second never sent."""
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    spectrum.company.faults.add("answer_lost", call=2)
    spectrum.serve()
    assert stage.status(commitment) == "unknown"
    told = {
        "In Spectrum": "the header",
        "Not known whether in Spectrum": "03300/S 10,000.00",
        "Not sent": "05120/S 25,000.00",
    }
    sign_in(client, stage.ann)
    review = f"/exports/{commitment.export_id}/"
    for address in (
        review,
        f"{review}panel/",
        f"{review}panel/?review",
        commitment.get_absolute_url(),
    ):
        assert standing(client, stage, commitment, address) == told, address
    calls = client.get(f"/api/v1{review}").json()["calls"]
    assert [one["state"] for one in calls] == ["in", "not_known", "not_sent"]

    stage.step("stop-waiting", commitment, stage.ann)
    assert standing(client, stage, commitment) == told
    stage.step("retry", commitment, stage.ann)
    spectrum.serve()
    assert stage.status(commitment) == "synced"
    assert standing(client, stage, commitment) == {}
    assert client.get(f"/api/v1{review}").json()["calls"] == []


def test_a_call_that_was_refused_is_told_apart_from_one_that_never_went(
    spectrum: OnSpectrum, stage: Stage, client: Client
) -> None:
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    spectrum.company.faults.add("refused", call=2)
    spectrum.serve()
    sign_in(client, stage.ann)
    assert standing(client, stage, commitment) == {
        "In Spectrum": "the header",
        "Not taken by Spectrum": "03300/S 10,000.00",
        "Not sent": "05120/S 25,000.00",
    }


def test_retry_is_not_offered_where_it_can_do_nothing(
    spectrum: OnSpectrum, stage: Stage, client: Client
) -> None:
    """The page says what to do instead, also after Stop waiting has taken the message away."""
    document = unanswered(spectrum, stage)
    sign_in(client, stage.ann)
    page = page_of(client, stage, document)
    assert "It is not in Spectrum …" in page, "as the message calls it"
    assert page.count("record “It is not in Spectrum”") == 2 + page.count("History"), (
        "once, and why"
    )
    Export.objects.filter(pk=document.export_id).update(message="Nobody knows yet.")
    page = page_of(client, stage, document)
    assert '<button class="btn btn-quiet" type="button" disabled aria-describedby="why-retry">' in (
        page
    )
    assert "In Spectrum, look at the change request S001-001 of job 26010" in page
    export = stage.export(document)
    body = {"version": export.version}
    answer = client.post(f"/api/v1/exports/{export.pk}/retry/", body, "application/json")
    assert answer.status_code == 422
    assert "look at the change request S001-001" in answer.content.decode()
    # Where the site has seen that a change request may be repeated, Retry goes on.
    connection = spectrum.connection
    connection.settings["repeat_change_requests"] = "Y"
    connection.save()
    assert "why-retry" not in page_of(client, stage, document)
    stage.step("retry", document, stage.ann)
    spectrum.serve()
    assert stage.status(document) == "synced"


def test_the_red_list_offers_a_retry_where_the_items_page_does(
    spectrum: OnSpectrum, stage: Stage, client: Client
) -> None:
    document = unanswered(spectrum, stage)
    bare = stage.commitment(number="SC-009")
    spectrum.accepted(bare)
    spectrum.company.faults.add("refused", "UpdateSubcontract", text="Vendor is on hold")
    spectrum.serve()
    assert stage.status(bare) == "failed"
    sign_in(client, stage.ann)

    def retries() -> list[bool]:
        """Whether it can be pressed: in the list of change orders, of commitments; on each page."""
        lists = [
            client.get(f"/companies/{stage.company.pk}/erp/{tab}/?view=failed").content.decode()
            for tab in ("change-orders", "commitments")
        ]
        pages = [page_of(client, stage, one) for one in (document, bare)]
        found = [re.findall(r"<button([^>]*)>\s*Retry\s*</button>", page)[-1:] for page in pages]
        rows = [re.findall(r"<button([^>]*)>Retry</button>", page)[-1:] for page in lists]
        return ["disabled" not in one for [one] in [*rows, *found]]

    assert retries() == [False, True, False, True]
    Vendor.objects.update(erp_active=False)
    assert retries() == [False, False, False, False]


def test_the_history_does_not_say_that_anything_is_looked_up(
    spectrum: OnSpectrum, stage: Stage
) -> None:
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    spectrum.company.faults.add("answer_lost", call=1)
    spectrum.quiet()
    assert stage.status(commitment) == "synced"
    said = {one.what: one.note for one in history_of(stage.export(commitment))}
    assert "No answer came; whether it arrived is not known yet" in said
    assert "is only written with the same values once more" in said["It goes on"]
    assert not any("ooked up" in one for one in said)
