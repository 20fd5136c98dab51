"""Where the ERP cannot be asked what it holds, a person looks there and attests it.

The ERP is a toy; see `tests.ledger`.
"""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from approvals.comparing import queue_comparisons
from approvals.errors import StepError
from approvals.history_texts import history_of
from approvals.linking import workflow as linking
from approvals.workflow import Item, take_all
from commitments.models import Commitment
from connectors.models import Conversation, UsedNumber
from directory.models import Event
from tests.ledger import Books
from tests.stage import Stage, sign_in

pytestmark = pytest.mark.django_db

SEEN = {"attested": "yes", "note": "Looked at the subcontract list of job 26-010."}

WHOLE = {**SEEN, "completed": "yes"}


def through(stage: Stage, ledger: Books, document) -> None:
    stage.send(document)
    stage.accept(document)
    ledger.visit(stage.connection.pk)
    assert stage.status(document) == "synced"


def post(client: Client, stage: Stage, document, step: str, **said: str):
    export = stage.export(document)
    address = f"/exports/{export.pk}/{step}/"
    return client.post(address, {"version": export.version, **said}, follow=True)


def in_part(stage: Stage, ledger: Books):
    """A commitment whose first line stands there and whose second was refused."""
    commitment = stage.commitment()
    stage.send(commitment)
    stage.accept(commitment)
    ledger.refuses = "05-120"
    ledger.visit(stage.connection.pk)
    assert stage.status(commitment) == "needs_attention"
    ledger.refuses = ""
    return commitment


# --- Unlinking -----------------------------------------------------------------------------------


def test_ann_attests_that_it_is_gone(stage: Stage, ledger: Books, client: Client) -> None:
    commitment = stage.commitment()
    through(stage, ledger, commitment)
    sign_in(client, stage.ann)
    export = stage.export(commitment)
    page = client.get(f"/exports/{export.pk}/").content.decode()
    assert "Ledger cannot be asked whether it is gone" in page
    assert "The commitment SC-001 was deleted in The Ledger® of Tests." in page

    page = post(client, stage, commitment, "unlink", **SEEN).content.decode()
    assert "<strong>Successful Unlinked</strong>" in page
    export = stage.export(commitment)
    assert (export.status, export.erp_id, export.terms) == ("draft", "", "")
    assert not Conversation.objects.filter(purpose="unlink").exists()
    gone, unlink = Event.objects.filter(subject=export.subject).order_by("-id")[:2]
    assert [(one.verb, one.actor) for one in (unlink, gone)] == [
        ("unlink", stage.ann),
        ("gone", stage.ann),
    ]
    kept = json.loads(gone.body)["data"]
    assert (kept["erp_id"], kept["note"]) == ("L/SC-001", SEEN["note"])
    [first, *_] = history_of(export)
    assert first.attested == "The commitment SC-001 was deleted in The Ledger® of Tests."
    # It goes again as if it had never been there.
    through(stage, ledger, commitment)
    assert len(ledger.lines) == 4


def test_who_accepts_it_again_is_told_on_whose_word_it_was_unlinked(
    stage: Stage, ledger: Books, client: Client
) -> None:
    commitment = stage.commitment()
    through(stage, ledger, commitment)
    sign_in(client, stage.ann)
    post(client, stage, commitment, "unlink", **SEEN)
    stage.send(commitment)
    sign_in(client, stage.bea)
    address = f"/exports/{commitment.export_id}/"
    page = client.get(address).content.decode()
    assert "It was in Ledger before. That it was deleted there is Ann’s word, given on" in page
    assert SEEN["note"] in page
    [warning] = client.get(f"/api/v1{address}preview/").json()["preview"]["warnings"]
    assert warning.startswith("It was in Ledger before.")
    stage.accept(commitment, stage.bea)
    ledger.visit(stage.connection.pk)
    page = client.get(address).content.decode()
    assert "Ann’s word, given on" not in page, "it is there again"


def test_nothing_is_unlinked_without_a_word(stage: Stage, ledger: Books, client: Client) -> None:
    commitment = stage.commitment()
    through(stage, ledger, commitment)
    sign_in(client, stage.ann)
    page = post(client, stage, commitment, "unlink", note=SEEN["note"]).content.decode()
    assert "Ledger cannot be asked whether" in page
    page = post(client, stage, commitment, "unlink", attested="yes").content.decode()
    assert "Say how you made sure" in page
    export = stage.export(commitment)
    [result] = take_all(
        "unlink", [Item(export.pk, export.version)], by=stage.access(stage.ann), note="All gone."
    )
    assert isinstance(result.error, StepError)
    assert stage.status(commitment) == "synced"
    assert not Conversation.objects.filter(purpose="unlink").exists()


def test_a_commitment_still_waits_for_its_change_orders(stage: Stage, ledger: Books) -> None:
    commitment = stage.commitment()
    through(stage, ledger, commitment)
    through(stage, ledger, stage.change_order(commitment))
    export = stage.export(commitment)
    item = Item(export.pk, export.version, attested=True)
    [result] = take_all("unlink", [item], by=stage.access(stage.ann), note="Gone.")
    assert result.error is not None
    assert "change orders on their way or in the ERP" in result.error.message
    assert stage.status(commitment) == "synced"


def test_the_api_attests_too(stage: Stage, ledger: Books, client: Client) -> None:
    commitment = stage.commitment()
    through(stage, ledger, commitment)
    sign_in(client, stage.ann)
    export = stage.export(commitment)
    address = f"/api/v1/exports/{export.pk}/unlink/"
    said = {"version": export.version, "note": "Deleted it."}
    answer = client.post(address, said, content_type="application/json")
    assert answer.status_code == 409
    answer = client.post(address, {**said, "attested": True}, content_type="application/json")
    assert answer.json()["status"] == "draft"
    through(stage, ledger, commitment)
    item = {"id": export.pk, "version": stage.export(commitment).version}
    address = "/api/v1/exports/bulk/unlink/"
    for attested, done in ((False, False), (True, True)):
        many = {"items": [{**item, "attested": attested}], "note": "Deleted it."}
        [result] = client.post(address, many, content_type="application/json").json()["results"]
        assert result["done"] == done


# --- What is there already -----------------------------------------------------------------------


def test_what_went_in_part_is_recorded_as_there(
    stage: Stage, ledger: Books, client: Client
) -> None:
    """The bookkeeper entered the missing line by hand; so it is there, whole."""
    commitment = in_part(stage, ledger)
    sign_in(client, stage.ann)
    page = client.get(f"/exports/{commitment.export_id}/").content.decode()
    assert "Is it in Ledger?" in page
    assert 'value="SC-001" autocomplete="off" required' in page
    # What was never written has to be vouched for, too.
    page = post(client, stage, commitment, "attest", number="SC-001", **SEEN).content.decode()
    assert "ERP Bridge knows that part of it was not written: line 2" in page
    assert stage.status(commitment) == "needs_attention"
    assert "did not get this in: line 2. I have seen that it is there all the same." in page
    page = post(client, stage, commitment, "attest", number="SC-001", **WHOLE).content.decode()
    assert "Recorded. It is Synced from now on." in page
    export = stage.export(commitment)
    assert (export.status, export.erp_id, export.erp_number) == ("synced", "L/SC-001", "SC-001")
    [first, *_] = history_of(export)
    assert (first.who, first.note) == ("Ann", SEEN["note"])
    assert first.attested == (
        "It is in The Ledger® of Tests: subcontract SC-001, 35,000.00; also line 2, which ERP "
        "Bridge did not write."
    )
    assert "What is in Ledger, as it was attested" in page
    assert ledger.lines == ["SC-001 03-300 10000.00"], "nothing more was written"
    # Its change orders follow, and it may be unlinked again.
    through(stage, ledger, stage.change_order(commitment))


def test_no_number_is_no_number(stage: Stage, ledger: Books, client: Client) -> None:
    """What is left empty is not filled in for whoever attests it."""
    commitment = stage.commitment()
    sign_in(client, stage.ann)
    page = post(client, stage, commitment, "attest", number=" ", **SEEN).content.decode()
    assert "Say the number that it has in Ledger." in page
    assert SEEN["note"] in page, "what was written is not lost"
    export = stage.export(commitment)
    answer = client.post(
        f"/api/v1/exports/{export.pk}/attest/",
        {"version": export.version, "note": "Saw it.", "attested": True},
        "application/json",
    )
    assert (answer.status_code, stage.status(commitment)) == (409, "draft")
    assert "Say the number" in answer.content.decode()


def test_what_was_entered_stays_in_its_fields(stage: Stage, ledger: Books, client: Client) -> None:
    commitment = in_part(stage, ledger)
    sign_in(client, stage.ann)
    export = stage.export(commitment)
    entered = {"number": "SC-<77>", "note": "It <stands> there.", "attested": "yes"}
    answer = client.post(
        f"/exports/{export.pk}/attest/", {"version": export.version - 1, **entered}
    )
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "has changed since you opened this page" in page
    assert 'value="SC-&lt;77&gt;"' in page
    assert "\nIt &lt;stands&gt; there.</textarea>" in page
    assert "You had entered" not in page

    entered["number"] = "H-900000000"
    page = post(client, stage, commitment, "attest", **WHOLE | entered).content.decode()
    form = page[page.index('<form class="attest"') :].split("</form>")[0]
    assert 'role="alert">The number “H-900000000” has 11 characters' in form
    assert 'value="H-900000000"' in form
    assert page.count("has 11 characters") == 1


def test_what_has_no_field_any_more_is_quoted(stage: Stage, ledger: Books, client: Client) -> None:
    """A colleague recorded it meanwhile."""
    commitment = in_part(stage, ledger)
    sign_in(client, stage.ann)
    export = stage.export(commitment)
    entered = {"version": export.version, "number": "SC-77", **SEEN}
    stage.step("record-absent", commitment, stage.bea, note="Removed the line again.")
    page = client.post(f"/exports/{export.pk}/attest/", entered).content.decode()
    assert "has changed since you opened this page" in page
    assert "You had entered as the number: <blockquote>SC-77<" in page
    assert "You had entered as the comment: <blockquote>Looked at the sub" in page


def test_who_may_attest_no_longer_keeps_their_words(
    stage: Stage, ledger: Books, client: Client
) -> None:
    commitment = in_part(stage, ledger)
    sign_in(client, stage.pam)
    export = stage.export(commitment)
    entered = {"version": export.version, "number": "SC-77", **SEEN}
    answer = client.post(f"/exports/{export.pk}/attest/", entered)
    assert answer.status_code == 403
    assert "You had entered as the number: <blockquote>SC-77<" in answer.content.decode()


def test_what_is_not_there_at_all_goes_from_the_start(stage: Stage, ledger: Books) -> None:
    commitment = in_part(stage, ledger)
    stage.step("record-absent", commitment, stage.ann, note="Removed the line again.")
    assert stage.status(commitment) == "failed"
    stage.step("retry", commitment, stage.ann)
    ledger.visit(stage.connection.pk)
    assert stage.status(commitment) == "synced"
    assert ledger.lines[-2:] == ["SC-001 03-300 10000.00", "SC-001 05-120 25000.00"]
    assert len(ledger.lines) == 3


def test_a_change_order_entered_by_hand_is_adopted_once(
    stage: Stage, ledger: Books, client: Client
) -> None:
    commitment = stage.commitment()
    through(stage, ledger, commitment)
    first, second = (stage.change_order(commitment, number=number) for number in ("001", "002"))
    sign_in(client, stage.ann)
    page = client.get(f"/exports/{first.export_id}/").content.decode()
    assert "Does Ledger have it already?" in page
    page = post(client, stage, first, "attest", number="H-9", note="Saw it.").content.decode()
    assert "nothing else vouches for it" in page
    post(client, stage, first, "attest", number="H-9", **SEEN)
    assert (stage.status(first), stage.export(first).erp_number) == ("synced", "H-9")
    assert UsedNumber.objects.exclude(job="").get().number == "H-9"
    page = post(client, stage, second, "attest", number="h-9", **SEEN).content.decode()
    assert "in this job it is that of Commitment Change Order 001 of SC-001" in page
    page = post(client, stage, second, "attest", number="H-9000000", **SEEN).content.decode()
    assert "has 9 characters; Ledger takes 8" in page
    assert stage.status(second) == "draft"


def test_one_entry_is_one_commitments(stage: Stage, ledger: Books, client: Client) -> None:
    first, second = stage.commitment(number="SC-001"), stage.commitment(number="SC-002")
    through(stage, ledger, first)
    sign_in(client, stage.ann)
    page = post(client, stage, second, "attest", number="SC-001", **SEEN).content.decode()
    assert "Another item here is linked to that record already." in page
    assert stage.status(second) == "draft"


def test_nothing_is_looked_up_or_compared(stage: Stage, ledger: Books, client: Client) -> None:
    commitment = stage.commitment()
    through(stage, ledger, commitment)
    other = stage.commitment(number="SC-002")
    sign_in(client, stage.ann)
    page = post(client, stage, other, "look-up", number="SC-002").content.decode()
    assert "Ledger cannot be asked. Look there" in page
    assert queue_comparisons(stage.connection) == 0
    address = f"/companies/{stage.company.pk}/erp/differences/"
    page = client.get(address).content.decode()
    assert "Ledger cannot be asked what it holds.</strong>So nothing is compared here." in page
    assert "Compare now" not in page
    page = client.post(f"{address}compare/", follow=True).content.decode()
    assert "so nothing is compared." in page
    assert not Conversation.objects.exclude(purpose="export").exists()


def test_quickbooks_is_asked_and_nobodys_word_is_taken(stage: Stage, ledger: Books) -> None:
    stage.connection.erp = "quickbooks"
    stage.connection.save()
    commitment = stage.commitment()
    stage.synced(commitment)
    export = stage.export(commitment)
    item = Item(export.pk, export.version, attested=True)
    take_all("unlink", [item], by=stage.access(stage.ann), note="Gone, I swear.")
    assert stage.status(commitment) == "unlinking"
    other = stage.commitment(number="SC-002")
    with pytest.raises(StepError, match="can be asked"):
        linking.attest(
            other.export_id,
            by=stage.access(stage.ann),
            version=stage.export(other).version,
            number="SC-002",
            note="Saw it.",
            attested=True,
        )
    assert ledger.asked == 0


def test_a_month_end_does_not_say_what_nobody_read(
    stage: Stage, ledger: Books, client: Client
) -> None:
    through(stage, ledger, stage.commitment())
    sign_in(client, stage.ann)
    address = f"/companies/{stage.company.pk}/erp/month-end/{stage.project.pk}/"
    page = client.get(address).content.decode()
    assert "What Ledger holds of it now has not been read." in page
    assert "to the cent.</p>" not in page


def test_many_at_once_ask_the_same_number_of_queries(stage: Stage, ledger: Books) -> None:
    """What was half there is recorded as gone, and what was there is unlinked."""
    numbers = [f"SC-{n}" for n in range(1, 10)]
    made = [stage.commitment(number=number) for number in numbers]
    for commitment in made:
        stage.send(commitment)
        stage.accept(commitment)
    ledger.refuses = "05-120"
    ledger.visit(stage.connection.pk)
    ledger.refuses = ""
    by = stage.access(stage.ann)

    def queries(step: str, some: list[Commitment]) -> list[str]:
        items = [Item(one.export_id, stage.export(one).version, attested=True) for one in some]
        with CaptureQueriesContext(connection) as asked:
            results = take_all(step, items, by=by, note="Not on the list.")
        assert all(result.error is None for result in results)
        return [query["sql"] for query in asked]

    few, many = queries("record-absent", made[:2]), queries("record-absent", made[2:])
    assert len(few) == len(many)
    for commitment in made:
        stage.step("retry", commitment, stage.ann)
    ledger.visit(stage.connection.pk)
    freed = queries("unlink", made)
    assert sum('SET "disowned"' in sql for sql in freed) == 1
    assert sum('DELETE FROM "connectors_known"' in sql for sql in freed) == 1
