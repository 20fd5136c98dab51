"""The number that a change order gets in an ERP where whoever accepts it may choose that.

The ERP is a toy; see `tests.ledger`.
"""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from approvals import readiness
from approvals.errors import AwaitsSecond, Stale, StepError
from approvals.history_texts import history_of
from approvals.models import Export
from approvals.workflow import Item, take, take_all
from commitments.models import ChangeOrder
from connectors.models import UsedNumber
from directory.models import Company, User
from tests.ledger import Books
from tests.stage import Stage, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def synced(stage: Stage, ledger: Books) -> Stage:
    """SC-001 stands in the ledger."""
    commitment = stage.commitment()
    through(stage, ledger, commitment)
    return stage


def through(stage: Stage, ledger: Books, document, number: str = "") -> Export:
    stage.send(document)
    accept(stage, document, number)
    ledger.visit(stage.connection.pk)
    export = stage.export(document)
    assert export.status == "synced", (export.status, export.message)
    return export


def accept(
    stage: Stage, document, number: str = "", by: User | None = None, step: str = "accept"
) -> Export:
    """As the page does: with the digest of what it shows, and perhaps another number."""
    export = stage.export(document)
    terms = readiness.terms_now(export)
    assert terms is not None
    return take(
        step,
        export,
        by=stage.access(by or stage.ann),
        version=export.version,
        terms=terms.digest(),
        number=number,
    )


def number_of(stage: Stage, document) -> str:
    terms = stage.export(document).frozen_terms
    assert terms is not None
    return terms.number


def commitment_of(stage: Stage):
    return Export.objects.get(kind="commitment", number="SC-001").live()


def change_order(stage: Stage, number: str) -> ChangeOrder:
    return stage.change_order(commitment_of(stage), number=number)


def test_ann_is_shown_a_free_number_and_may_change_it(
    synced: Stage, ledger: Books, client: Client
) -> None:
    document = change_order(synced, "001")
    export = synced.send(document)
    sign_in(client, synced.ann)
    page = client.get(f"/exports/{export.pk}/").content.decode()
    assert "Its number in Ledger" in page
    assert 'form="step-accept" name="number" value="C-001" data-limit="8"' in page
    [terms] = {part.split('"')[0] for part in page.split('name="terms" value="')[1:2]}
    client.post(
        f"/exports/{export.pk}/accept/",
        {"version": export.version, "terms": terms, "number": " X-77 "},
    )
    assert number_of(synced, document) == "X-77"
    ledger.visit(synced.connection.pk)
    assert synced.export(document).erp_number == "X-77"
    assert ledger.lines[-1] == "X-77 03-300 1500.00"
    assert "Accepted as X-77" in [one.what for one in history_of(export)]


def test_a_number_is_one_documents_for_ever(synced: Stage, ledger: Books) -> None:
    first, second = change_order(synced, "001"), change_order(synced, "002")
    through(synced, ledger, first, "X-77")
    synced.send(second)
    with pytest.raises(StepError, match=r"x-77: in this job it is that of .* 001 of SC-001"):
        accept(synced, second, "x-77")
    assert synced.status(second) == "sent"
    # Nor once the first is gone from the ledger; that one itself may have it again.
    synced.step("retrieve", second, synced.pam)
    unlinked(synced, first)
    synced.send(second)
    with pytest.raises(StepError, match="or was"):
        accept(synced, second, "X-77")
    synced.send(first)
    accept(synced, first)
    assert number_of(synced, first) == "X-77"


def unlinked(stage: Stage, document) -> None:
    export = stage.export(document)
    take(
        "unlink",
        export,
        by=stage.access(stage.ann),
        version=export.version,
        note="Deleted it myself.",
        attested=True,
    )
    assert stage.status(document) == "draft"


def test_what_was_free_on_the_page_may_be_taken_by_now(synced: Stage) -> None:
    other = synced.commitment(number="SC-002")
    mine = change_order(synced, "001")
    synced.send(mine)
    export = synced.export(mine)
    shown = readiness.terms_now(export)
    assert shown is not None
    assert synced.project.job is not None
    UsedNumber.objects.create(
        connection=synced.connection,
        job=synced.project.job.erp_id,
        number="C-001",
        subject=f"change_order {other.pk + 1000}",
        its_number="001",
    )
    with pytest.raises(Stale, match="has changed since you opened this page"):
        take(
            "accept",
            export,
            by=synced.access(synced.ann),
            version=export.version,
            terms=shown.digest(),
        )
    accept(synced, mine)
    assert number_of(synced, mine) == "C2-001"


def test_many_at_once_get_numbers_that_differ_and_ask_no_more_queries(
    synced: Stage, ledger: Books
) -> None:
    other = synced.commitment(number="SC-002")
    through(synced, ledger, other)
    both = [change_order(synced, "001"), synced.change_order(other, number="001")]
    many = [change_order(synced, f"1{n:02}") for n in range(20)]
    exports = {document.pk: synced.send(document) for document in [*both, *many]}

    def accepted(documents) -> int:
        items = [Item(exports[one.pk].pk, exports[one.pk].version) for one in documents]
        with CaptureQueriesContext(
            database,
        ) as queries:
            results = take_all("accept", items, by=synced.access(synced.ann))
        assert [one.error for one in results] == [None] * len(documents)
        return len(queries)

    one = accepted(many[:1])
    assert accepted([*both, *many[1:]]) == one
    assert {number_of(synced, document) for document in both} == {"C-001", "C2-001"}


def test_what_is_taken_back_keeps_its_number_unless_it_is_renumbered(synced: Stage) -> None:
    document = change_order(synced, "001")
    synced.send(document)
    accept(synced, document, "X-77")
    synced.step("undo-acceptance", document, synced.ann)
    accept(synced, document)
    assert number_of(synced, document) == "X-77"
    synced.step("undo-acceptance", document, synced.ann)
    synced.step("reject", document, synced.ann, note="It is 005.")
    ChangeOrder.objects.filter(pk=document.pk).update(number="005")
    document.refresh_from_db()
    synced.send(document)
    accept(synced, document)
    assert number_of(synced, document) == "C-005"


def test_what_the_erp_refused_may_go_under_another_number(synced: Stage, ledger: Books) -> None:
    document = change_order(synced, "001")
    synced.send(document)
    accept(synced, document, "X-77")
    ledger.refuses = "03-300"
    ledger.visit(synced.connection.pk)
    assert synced.status(document) == "failed"
    ledger.refuses = ""
    accept(synced, document, "X-78", step="retry")
    ledger.visit(synced.connection.pk)
    assert synced.export(document).erp_number == "X-78"


def test_what_is_there_in_part_goes_on_under_its_number(
    synced: Stage, ledger: Books, client: Client
) -> None:
    lines = [(1, "Deeper footings", "1500.00"), (2, "More steel", "700.00")]
    document = synced.change_order(commitment_of(synced), lines)
    synced.send(document)
    accept(synced, document, "X-77")
    ledger.refuses = "05-120"
    ledger.visit(synced.connection.pk)
    export = synced.export(document)
    assert export.status == "needs_attention"
    sign_in(client, synced.ann)
    page = client.get(f"/exports/{export.pk}/").content.decode()
    # The connector's message, line by line, and what a retry does.
    assert "Partly in Ledger: 1 of its lines are.<br>Line 2 is not: no such code 05-120" in page
    assert "Retry goes on at the first call that was not confirmed" in page
    assert "Its number in Ledger" not in page
    with pytest.raises(StepError, match="may be in Ledger as X-77 already"):
        accept(synced, document, "X-78", step="retry")
    ledger.refuses = ""
    accept(synced, document, step="retry")
    with pytest.raises(StepError, match="or part of it"):
        synced.step("undo-acceptance", document, synced.ann)
    ledger.visit(synced.connection.pk)
    assert synced.export(document).erp_number == "X-77"
    assert ledger.lines[-2:] == ["X-77 03-300 1500.00", "X-77 05-120 700.00"], "once each"


def test_the_second_approver_is_shown_what_the_first_chose(synced: Stage) -> None:
    Company.objects.update(second_approver_from=Decimal("1000.00"))
    synced.company.refresh_from_db()
    document = change_order(synced, "001")
    synced.send(document)
    with pytest.raises(AwaitsSecond):
        accept(synced, document, "X-77")
    accept(synced, document, by=synced.bea)
    assert (synced.status(document), number_of(synced, document)) == ("accepted", "X-77")


def test_a_number_that_does_not_fit_is_refused(synced: Stage) -> None:
    document = change_order(synced, "001")
    synced.send(document)
    with pytest.raises(StepError, match="has 9 characters; Ledger takes 8"):
        accept(synced, document, "X-7777777")
    commitment = synced.commitment(number="SC-002")
    synced.send(commitment)
    with pytest.raises(StepError, match="in Ledger cannot be chosen"):
        accept(synced, commitment, "SC-003")


def test_a_number_that_is_refused_stays_in_its_field(
    synced: Stage, ledger: Books, client: Client
) -> None:
    first, second = change_order(synced, "001"), change_order(synced, "002")
    through(synced, ledger, first, "X-77")
    export = synced.send(second)
    sign_in(client, synced.ann)
    page = client.get(f"/exports/{export.pk}/").content.decode()
    [terms] = {part.split('"')[0] for part in page.split('name="terms" value="')[1:2]}
    entered = {"version": export.version, "terms": terms}
    for number in ("x-77", "X-7777777"):
        answer = client.post(f"/exports/{export.pk}/accept/", {**entered, "number": number})
        assert answer.status_code == 409
        page = answer.content.decode()
        field = page[page.index('id="erp-number"') :].split("</div>\n          </div>")[0]
        assert f'value="{number}" aria-invalid="true"' in field
        fault = "Choose another one." if number == "x-77" else "has 9 characters; Ledger takes 8."
        assert page.count(fault) == field.count(fault) == 1
    assert synced.status(second) == "sent"


def test_the_api_tells_the_number_and_takes_another(synced: Stage, client: Client) -> None:
    document = change_order(synced, "001")
    export = synced.send(document)
    sign_in(client, synced.ann)
    preview = client.get(f"/api/v1/exports/{export.pk}/preview/").json()
    assert (preview["terms"]["number"], preview["number_most"]) == ("C-001", 8)
    answer = client.post(
        f"/api/v1/exports/{export.pk}/accept/",
        {"version": export.version, "terms": preview["terms_digest"], "number": "X-77"},
        content_type="application/json",
    )
    assert answer.status_code == 200, answer.json()
    assert number_of(synced, document) == "X-77"


def test_quickbooks_takes_no_number_of_ours(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    document = stage.change_order(commitment)
    stage.send(document)
    with pytest.raises(StepError, match="in QuickBooks cannot be chosen"):
        accept(stage, document, "X-77")
    accept(stage, document)
    assert not UsedNumber.objects.exists()
