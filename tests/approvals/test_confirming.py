"""A budget beside other estimates of its job: nothing is added up without the approver's word."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest
from django.test import Client

from approvals import readiness, workflow
from approvals.errors import NotReady, Stale
from approvals.models import Export
from approvals.moves import new_export
from connectors.contract import Document, Line, Named
from connectors.models import Connection
from tests.stage import Stage

pytestmark = pytest.mark.django_db

JOB = "City of Alder:Library"


def sent_budget(stage: Stage) -> Export:
    """The first round of the project's budget as its project manager sent it."""
    code = stage.codes["03-300"]
    line = Line(
        id=1,
        number=1,
        cost_code=Named(id=code.pk, code=code.code, name=code.name),
        category=Named(id=stage.category.pk, name=stage.category.name),
        amount=Decimal("40000.00"),
    )
    document = Document(
        kind="budget",
        id=1,
        number="1",
        title="Budget",
        date=date(2026, 3, 2),
        project=Named(id=stage.project.pk, code=stage.project.number, name=stage.project.name),
        amount=line.amount,
        lines=(line,),
    )
    export = new_export(
        company=stage.company,
        project=stage.project,
        kind="budget",
        number=document.number,
        title=document.title,
        amount=document.amount,
        created_by=stage.pam,
    )
    Export.objects.filter(pk=export.pk).update(
        status="sent",
        copy=document.canonical(),
        copy_digest=document.digest(),
        sent_by=stage.pam,
    )
    export.refresh_from_db()
    return export


def bid(stage: Stage, number: str = "B-7") -> str:
    """An estimate that the customer was sent long ago."""
    return stage.books.by_hand.enter_estimate(
        JOB, [("03-300", "Bid", Decimal("61000.00"))], number=number, txn_date="2026-01-05"
    )


def accept(stage: Stage, export: Export, terms: str = "", step: str = "accept") -> Export:
    export = Export.objects.get(pk=export.pk)
    return workflow.take(
        step, export, by=stage.access(stage.ann), version=export.version, terms=terms
    )


def seen(export: Export) -> str:
    """The digest that the page of the item shows now."""
    terms = readiness.terms_now(Export.objects.get(pk=export.pk))
    assert terms is not None
    return terms.digest()


def test_ann_is_told_of_a_bid_and_agrees_to_it(stage: Stage) -> None:
    """Nobody had asked QuickBooks, so the first try finds it; the second has Ann's word."""
    export, other = sent_budget(stage), bid(stage)
    accept(stage, export)
    stage.visit()
    export.refresh_from_db()
    assert export.status == "failed"
    assert "B-7" in export.message
    assert len(stage.books.estimates()) == 1
    with pytest.raises(NotReady, match="Other records stand beside it"):
        accept(stage, export, step="retry")
    accept(stage, export, seen(export), step="retry")
    terms = Export.objects.get(pk=export.pk).frozen_terms
    assert terms is not None
    assert terms.confirmed == (other,)
    stage.visit()
    export.refresh_from_db()
    assert (export.status, export.message) == ("synced", "")
    assert len(stage.books.estimates()) == 2


def test_one_that_came_since_is_not_agreed_to(stage: Stage) -> None:
    export, _ = sent_budget(stage), bid(stage)
    accept(stage, export)
    stage.visit()
    page = seen(export)
    accept(stage, export, page, step="retry")
    bid(stage, "B-8")
    stage.visit()
    export.refresh_from_db()
    assert export.status == "failed"
    assert "B-8" in export.message
    with pytest.raises(Stale, match="has changed since you opened this page"):
        accept(stage, export, page, step="retry")


def test_the_word_is_a_tick_on_the_page(stage: Stage) -> None:
    export, _ = sent_budget(stage), bid(stage)
    accept(stage, export)
    stage.visit()
    client = Client()
    client.force_login(stage.ann)
    page = client.get(f"/exports/{export.pk}/").content.decode()
    found = re.search(r'action="/exports/\d+/retry/".*?</form>', page, re.S)
    assert found is not None
    form = found.group(0)
    assert "I know that the job also has estimate B-7 of 2026-01-05 over 61" in form
    assert re.search(r'<input type="checkbox" name="terms" value="[0-9a-f]{64}" required>', form)
    assert '<input type="hidden" name="terms"' not in form


def test_a_company_without_estimates_is_told_before_anything_is_queued(stage: Stage) -> None:
    export = sent_budget(stage)
    Connection.objects.update(facts={"estimates": "off"})
    with pytest.raises(NotReady, match="Estimates are switched off in QuickBooks"):
        accept(stage, export)
    Connection.objects.update(facts={"estimates": "on"})
    accept(stage, export)
    Connection.objects.update(facts={"estimates": "off"})
    stage.visit()
    export.refresh_from_db()
    assert export.status == "failed"
    assert export.message.startswith("Estimates are switched off in QuickBooks")
    assert stage.books.estimates() == []
