"""Where a site has Info-Link, Spectrum is asked what nobody has to attest any more.

Spectrum and Info-Link are the sandbox's stand-ins, over real HTTP and TDS.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from approvals.history_texts import history_of
from connectors.models import Connection, Conversation, Message
from connectors.spectrum.statements import STATEMENTS
from directory.history import Happened, append
from directory.models import Event, Project, ToolLevel
from directory.perms import Level, Tool
from tests import factories
from tests.directory.test_locks import Meanwhile
from tests.engine.on_spectrum import (
    INFO_LINK_PASSWORD,
    INFO_LINK_USER,
    OnSpectrum,
    asking_info_link,
    listening,
    move,
    spectrum_books,
)
from tests.stage import Stage, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

TWO_LINES = ((1, "Deeper footings", "1500.00"), (2, "Extra steel", "700.00"))


@pytest.fixture
def spectrum(stage: Stage, settings) -> Iterator[OnSpectrum]:
    """Ann may also unlink. A change request that is sent twice doubles."""
    settings.ERP_QUARANTINE_SECONDS = 0
    ToolLevel.objects.filter(membership__user=stage.ann, tool=Tool.COMMITMENTS).update(
        level=Level.ADMIN
    )
    company = spectrum_books()
    company.set(repeats_double=True)
    with listening(company) as address:
        move(stage, address)
        yield OnSpectrum(stage, company, address)
    company.close()


@pytest.fixture
def info_link(spectrum: OnSpectrum) -> Iterator[str]:
    with asking_info_link(spectrum) as address:
        yield address


def change(spectrum: OnSpectrum, **settings: str) -> None:
    connection = spectrum.connection
    connection.settings |= settings
    connection.save()


def unlink(client: Client, stage: Stage, document: Any, **said: str) -> str:
    export = stage.export(document)
    address = f"/exports/{export.pk}/unlink/"
    answer = client.post(address, {"version": export.version, **said}, follow=True)
    return answer.content.decode()


def exported(spectrum: OnSpectrum, stage: Stage) -> Any:
    """A change order that stands in Spectrum with its commitment."""
    commitment = stage.commitment()
    spectrum.synced(commitment)
    document = stage.change_order(commitment)
    spectrum.synced(document)
    return document


# --- Unlinking -----------------------------------------------------------------------------------


def test_ann_unlinks_a_change_order_and_attests_nothing(
    spectrum: OnSpectrum, info_link: str, stage: Stage, client: Client
) -> None:
    document = exported(spectrum, stage)
    sign_in(client, stage.ann)
    page = client.get(f"/exports/{document.export_id}/").content.decode()
    assert "I have made sure of it" not in page

    unlink(client, stage, document)
    assert stage.status(document) == "unlinking"
    spectrum.serve()
    export = stage.export(document)
    assert export.status == "synced"
    assert export.message.splitlines() == [
        "The CCO is still in Viewpoint Spectrum®. Please delete it before retrying",
        "Info-Link shows change request S001-001 of job 26010, 1,500.00 in total.",
    ]

    spectrum.company.by_hand.delete_change_request("26010", "ALDER", "S001-001")
    unlink(client, stage, document)
    spectrum.serve()
    export = stage.export(document)
    assert (export.status, export.erp_id, export.message) == ("draft", "", "Successful Unlinked")
    gone = Event.objects.filter(subject=export.subject).latest("id")
    assert gone.verb == "gone"
    assert "attested" not in gone.body
    page = client.get(f"/exports/{document.export_id}/").content.decode()
    assert "Successful Unlinked" in page


def test_ann_unlinks_a_commitment_and_sends_it_anew(
    spectrum: OnSpectrum, info_link: str, stage: Stage
) -> None:
    commitment = stage.commitment()
    spectrum.synced(commitment)
    stage.step("unlink", commitment, stage.ann)
    spectrum.serve()
    assert stage.export(commitment).message.splitlines()[-1] == (
        "Info-Link shows subcontract SC-001 of vendor IRON."
    )
    spectrum.company.by_hand.delete_subcontract("IRON", "SC-001")
    stage.step("unlink", commitment, stage.ann)
    spectrum.serve()
    assert stage.status(commitment) == "draft"
    spectrum.synced(commitment)
    assert spectrum.total() == Decimal("35000.00")


def test_what_a_statement_gives_is_looked_at_before_it_is_believed(
    spectrum: OnSpectrum, info_link: str, stage: Stage
) -> None:
    document = exported(spectrum, stage)
    spectrum.company.by_hand.delete_change_request("26010", "ALDER", "S001-001")
    view = "FROM CR_CHNG_REQ_CON_DET_MC"
    asked = f"{view} WHERE Job_Number = @job AND Change_Request_Number = @number"
    example = STATEMENTS["change_request"].example
    both = example.partition("\nFROM")[0]
    for statement, words in {
        f"{both} FROM CHANGES WHERE 1 = @job + @number": "“Invalid object name 'CHANGES'” (208)",
        example.replace("CR_Phase_Code", "No"): "“Invalid column name 'No'” (207)",
        f"SELECT Change_Request_Number AS number {asked}": "one column called job and one called "
        "subcontract and one called phase and one called cost_type and one called amount and one "
        "called description (it gives: number)",
        f"{both} {asked} AND 1 = 2": "does not even show the one of the change requests",
        f"{both} {view} WHERE @job <> @number": "gave the number 'OLD-1' "
        "where 'S001-001' was asked for",
        example.replace("Job_Number AS", "Customer_Code AS").replace("= @number", "<> @number"): ""
        "gave the job 'ALDER' where '26010' was asked for",
    }.items():
        change(spectrum, infolink_change_request=statement)
        stage.step("unlink", document, stage.ann)
        spectrum.serve()
        export = stage.export(document)
        assert export.status == "synced", statement
        assert "nobody could find out whether it is gone" in export.message
        assert words in export.message
        assert "on the Connection page, under Info-Link" in export.message
        latest = history_of(export)[0]
        assert (latest.what, latest.note) == ("Linked as before", export.message)


def test_nobody_is_kept_waiting_by_an_info_link_that_is_away(
    spectrum: OnSpectrum, info_link: str, stage: Stage
) -> None:
    document = exported(spectrum, stage)
    change(spectrum, infolink_address=info_link.rpartition(":")[0] + ":1")
    stage.step("unlink", document, stage.ann)
    other = stage.commitment(number="SC-002")
    spectrum.accepted(other)
    spectrum.serve()
    assert stage.status(document) == "unlinking", "it is asked again"
    waiting = Conversation.objects.get(purpose="unlink", state="waiting")
    assert waiting.tries == 1
    assert stage.status(other) == "synced"


def test_it_is_not_freed_unattested_as_info_link_is_switched_off(
    spectrum: OnSpectrum, info_link: str, stage: Stage
) -> None:
    """Ann unlinks while it can be asked; Dora switches it off before that is written down."""
    document = exported(spectrum, stage)
    with Meanwhile(lambda: stage.step("unlink", document, stage.ann)) as ann, transaction.atomic():
        append(stage.company.pk, [Happened("change", "connection:1", None)])
        ann.begin()
        change(spectrum, infolink="N")
    assert not ann.faults
    assert stage.status(document) == "unlinking"
    spectrum.serve()
    export = stage.export(document)
    assert export.status == "synced"
    assert "nobody could find out whether it is gone" in export.message


def test_without_info_link_she_attests_it(
    spectrum: OnSpectrum, info_link: str, stage: Stage, client: Client
) -> None:
    document = exported(spectrum, stage)
    change(spectrum, infolink="N")
    sign_in(client, stage.ann)
    page = client.get(f"/exports/{document.export_id}/").content.decode()
    assert "I have made sure of it" in page
    page = unlink(client, stage, document, attested="yes", note="Looked at the log of SC-001.")
    assert "<strong>Successful Unlinked</strong>" in page
    assert stage.status(document) == "draft"


# --- A change request without an answer ----------------------------------------------------------


def in_doubt(spectrum: OnSpectrum, stage: Stage, kind: str, call: int = 1) -> Any:
    """A change order of two lines, one of whose calls Spectrum did not answer."""
    commitment = stage.commitment()
    spectrum.synced(commitment)
    document = stage.change_order(commitment, TWO_LINES)
    spectrum.accepted(document)
    spectrum.company.faults.add(kind, "ARChangeRequest", call=call)
    return document


@pytest.mark.parametrize("call", [1, 2])
@pytest.mark.parametrize("kind", ["answer_lost", "request_lost", "error_500_applied", "cut"])
def test_an_unanswered_change_request_is_asked_for(
    spectrum: OnSpectrum, info_link: str, stage: Stage, kind: str, call: int
) -> None:
    document = in_doubt(spectrum, stage, kind, call)
    spectrum.quiet()
    export = stage.export(document)
    assert export.status == "synced", export.message
    assert spectrum.total() == Decimal("37200.00"), "each line once"
    assert [what for name, _, what in spectrum.effects() if name == "ARChangeRequest"] == [
        "made",
        "made",
    ]
    if call == 2 and kind == "request_lost":
        [why] = [one.note for one in history_of(export) if one.what == "It goes on"]
        assert why == (
            "Info-Link shows change request S001-001 of job 26010 with 1,500.00, so the call that "
            "was not answered did not arrive."
        )


def test_an_amount_that_nothing_explains_is_for_a_person(
    spectrum: OnSpectrum, info_link: str, stage: Stage
) -> None:
    document = in_doubt(spectrum, stage, "answer_lost")
    spectrum.serve()
    books = spectrum.company.books
    [key] = books.storage.keys("cost line", "26010", "ALDER", "S001-001")
    books.put("cost line", key, {"Change_Request_Amount": "1600.00"})
    spectrum.quiet()
    export = stage.export(document)
    assert export.status == "needs_attention"
    assert "Info-Link shows change request S001-001 of job 26010 with 1,600.00" in export.message
    assert spectrum.sent().count("POST /ws/ARChangeRequest") == 1


def test_a_late_first_call_and_its_repeat_are_not_taken_for_two_lines(
    spectrum: OnSpectrum, info_link: str, stage: Stage
) -> None:
    """Both lines are of the same amount. The first one's call arrives after it was repeated, and
    the second one's never."""
    commitment = stage.commitment()
    spectrum.synced(commitment)
    lines = ((1, "Deeper footings", "1500.00"), (2, "Extra steel", "1500.00"))
    document = stage.change_order(commitment, lines, title="Deeper")
    spectrum.accepted(document)
    spectrum.company.faults.add("applied_late", "ARChangeRequest", seconds=3600)
    spectrum.serve()
    spectrum.company.faults.add("request_lost", "ARChangeRequest", call=2)
    spectrum.serve()
    assert stage.status(document) == "unknown"
    assert spectrum.sent().count("POST /ws/ARChangeRequest") == 3
    spectrum.company.catch_up(at_once=True)
    assert spectrum.total() == Decimal("38000.00"), "as much as was approved, by chance"
    spectrum.quiet()
    export = stage.export(document)
    assert export.status == "needs_attention"
    assert (
        "Info-Link shows change request S001-001 of job 26010 with 3,000.00, which none of the "
        "calls that were made explains (03300/S 1,500.00 of subcontract SC-001, “Deeper”; 03300/S "
        "1,500.00 of subcontract SC-001, “Deeper”)" in export.message
    )
    assert spectrum.sent().count("POST /ws/ARChangeRequest") == 3, "nothing more was sent"


@pytest.mark.parametrize(
    "other",
    [
        {"Subcontract_Number": "OLD-1"},
        {"Sub_Description": "Another change"},
        {"CR_Phase_Code": "05120"},
        {"CR_Cost_Type": "M"},
    ],
)
def test_another_request_of_the_same_number_and_amount_is_not_taken_for_ours(
    spectrum: OnSpectrum, info_link: str, stage: Stage, other: dict[str, str]
) -> None:
    """Ours never arrived; while it was not known, somebody entered one by hand."""
    document = in_doubt(spectrum, stage, "answer_lost")
    spectrum.serve()
    books = spectrum.company.books
    [key] = books.storage.keys("cost line", "26010", "ALDER", "S001-001")
    books.put("cost line", key, other)
    spectrum.quiet()
    export = stage.export(document)
    assert export.status == "needs_attention"
    assert "with 1,500.00, which none of the calls that were made explains" in export.message
    assert next(iter(other.values())) in export.message
    assert spectrum.sent().count("POST /ws/ARChangeRequest") == 1


def test_ours_is_known_again_in_whatever_letters_spectrum_keeps_it(
    spectrum: OnSpectrum, info_link: str, stage: Stage
) -> None:
    document = in_doubt(spectrum, stage, "answer_lost")
    spectrum.serve()
    books = spectrum.company.books
    [key] = books.storage.keys("cost line", "26010", "ALDER", "S001-001")
    held = books.storage.get("cost line", *key) or {}
    books.put("cost line", key, {"Sub_Description": held["Sub_Description"].upper() + "  "})
    spectrum.quiet()
    assert stage.status(document) == "synced"


def test_what_was_confirmed_and_is_not_shown_is_for_a_person(
    spectrum: OnSpectrum, info_link: str, stage: Stage
) -> None:
    document = in_doubt(spectrum, stage, "request_lost", call=2)
    spectrum.serve()
    spectrum.company.by_hand.delete_change_request("26010", "ALDER", "S001-001")
    spectrum.quiet()
    export = stage.export(document)
    assert export.status == "needs_attention"
    assert "with 0.00, which none of the calls that were made explains" in export.message


@pytest.mark.parametrize("link_is", ["there", "of no use"])
def test_the_rest_is_not_sent_behind_a_backup(
    spectrum: OnSpectrum, info_link: str, stage: Stage, link_is: str
) -> None:
    """Its first line was confirmed, its second refused; then Spectrum went back to last night."""
    commitment = stage.commitment()
    spectrum.synced(commitment)
    books = spectrum.company.books.storage
    last_night = books.image()
    document = stage.change_order(commitment, TWO_LINES)
    spectrum.accepted(document)
    spectrum.company.faults.add("refused", "ARChangeRequest", call=2)
    spectrum.serve()
    assert stage.status(document) == "needs_attention"
    if link_is == "there":
        books.become(last_night)
    else:
        example = STATEMENTS["change_request"].example
        wrong = example.replace("CR_CHNG_REQ_CON_DET_MC", "NO_SUCH_VIEW")
        change(spectrum, infolink_change_request=wrong)
    stage.step("retry", document, stage.ann)
    spectrum.quiet()
    if link_is == "of no use":
        assert stage.status(document) == "synced", "it holds up nothing"
        return
    export = stage.export(document)
    assert export.status == "needs_attention"
    assert export.message.startswith(
        "Spectrum has confirmed a part of change order S001-001, and Info-Link shows change "
        "request S001-001 of job 26010 with 0.00"
    )
    assert spectrum.total() == Decimal("35000.00")
    stage.step("record-absent", document, stage.ann, note="Nothing since the backup.")
    stage.step("retry", document, stage.ann)
    spectrum.quiet()
    assert stage.status(document) == "synced"
    assert spectrum.total() == Decimal("37200.00")


def test_the_rest_is_sent_once_what_was_confirmed_is_seen(
    spectrum: OnSpectrum, info_link: str, stage: Stage
) -> None:
    commitment = stage.commitment()
    spectrum.synced(commitment)
    document = stage.change_order(commitment, TWO_LINES)
    spectrum.accepted(document)
    spectrum.company.faults.add("refused", "ARChangeRequest", call=2)
    spectrum.serve()
    stage.step("retry", document, stage.ann)
    spectrum.quiet()
    assert stage.status(document) == "synced"
    assert spectrum.total() == Decimal("37200.00")


def test_it_is_asked_for_where_it_was_sent(
    spectrum: OnSpectrum, info_link: str, stage: Stage
) -> None:
    """The project was linked to another job since: there, nothing of it would be found."""
    document = in_doubt(spectrum, stage, "answer_lost")
    spectrum.serve()
    job = factories.JobFactory.create(company=stage.company, name="26011", erp_id="26011")
    spectrum.company.add_job("26011", "Library annex", customer="ALDER")
    spectrum.company.add_phase("26011", "03300", "S", "Concrete")
    spectrum.company.add_phase("26011", "05120", "S", "Steel")
    Project.objects.filter(pk=stage.project.pk).update(job=job)
    spectrum.quiet()
    assert stage.status(document) == "needs_attention"
    stage.step("retry", document, stage.ann)
    spectrum.quiet()
    export = stage.export(document)
    assert export.status == "needs_attention"
    assert (
        "Info-Link shows change request S001-001 of job 26010 with 1,500.00 (03300/S 1,500.00 of "
        "subcontract SC-001, “Deeper footings”), but it would go elsewhere now: to change request "
        "S001-001 of job 26011." in export.message
    )
    assert "In Spectrum, look at the change request S001-001 of job 26010" in export.message
    Project.objects.filter(pk=stage.project.pk).update(job=stage.project.job)
    stage.step("retry", document, stage.ann)
    spectrum.quiet()
    assert stage.status(document) == "synced"
    assert spectrum.total() == Decimal("37200.00")


def test_lines_that_come_to_nothing_are_missed_all_the_same(
    spectrum: OnSpectrum, info_link: str, stage: Stage
) -> None:
    """1,500.00 went from one phase to another, and the change request was deleted since."""
    codes = ("03-300", "05-120", "09-290")
    commitment = stage.commitment(lines=[(code, "Work", "9000.00") for code in codes])
    spectrum.synced(commitment)
    lines = ((1, "Less", "-1500.00"), (2, "More", "1500.00"), (3, "Extra", "700.00"))
    document = stage.change_order(commitment, lines)
    spectrum.accepted(document)
    spectrum.company.faults.add("request_lost", "ARChangeRequest", call=3)
    spectrum.serve()
    spectrum.company.by_hand.delete_change_request("26010", "ALDER", "S001-001")
    spectrum.quiet()
    assert stage.status(document) == "needs_attention"
    assert spectrum.sent().count("POST /ws/ARChangeRequest") == 3, "nothing more was sent"


def test_a_wrong_statement_leaves_it_to_a_person_who_reads_why(
    spectrum: OnSpectrum, info_link: str, stage: Stage
) -> None:
    document = in_doubt(spectrum, stage, "answer_lost")
    right = spectrum.connection.settings["infolink_change_request"]
    change(spectrum, infolink_change_request=right.replace("Change_Request_Amount", "Amount"))
    spectrum.quiet()
    export = stage.export(document)
    assert export.status == "needs_attention"
    assert "look at the change request S001-001 of job 26010" in export.message
    assert "Invalid column name 'Amount'" in export.message
    # Dora mends it, and Bea's retry needs nobody to look.
    change(spectrum, infolink_change_request=right)
    stage.step("retry", document, stage.bea)
    spectrum.quiet()
    assert stage.status(document) == "synced"
    assert spectrum.total() == Decimal("37200.00")


# --- What is kept --------------------------------------------------------------------------------


def test_what_was_asked_and_shown_can_be_read_and_holds_no_credentials(
    spectrum: OnSpectrum, info_link: str, stage: Stage, client: Client
) -> None:
    document = in_doubt(spectrum, stage, "answer_lost", 2)
    spectrum.quiet()
    sign_in(client, stage.ann)
    page = client.get(f"/exports/{document.export_id}/exchanges/").content.decode()
    assert "SQL change_request" in page
    assert "SQL rows" in page
    assert "S001-001" in page
    writes = re.findall(r"Write</strong>.*?</summary>", page, re.S)
    # Newest first: nothing was left to write again; two calls, and the second was not answered.
    assert ["no answer" in one for one in writes] == [False, True]
    assert ["answered" in one for one in writes] == [True, False]
    spectrum.company.open_info_link(INFO_LINK_USER, "another")
    stage.step("unlink", document, stage.ann)
    spectrum.serve()
    assert "Login failed for user '(hidden)'" in stage.export(document).message
    kept = [f"{one.body}{one.reply}{one.fault}" for one in Message.objects.all()]
    kept += [event.body for event in Event.objects.all()]
    kept += list(Conversation.objects.values_list("input", flat=True))
    kept += [str(one.settings) for one in Connection.objects.all()]
    assert any("SQL" in text for text in kept)
    for text in kept:
        assert INFO_LINK_PASSWORD not in text
        assert INFO_LINK_USER not in text
