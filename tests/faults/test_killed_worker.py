"""A worker that calls Spectrum is killed (SIGKILL) at every point of its turn.

The worker is a process of its own that does the task as Celery's does. It is killed around each
commit, with --full before each SQL statement, too: so also right before a call goes out, and with
its answer in hand. After each death its lane is taken over, and Spectrum ends with each record
once.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count

import pytest
from django.db.models import F

from approvals.linking.workflow import attest
from commitments.models import ChangeOrder
from connectors.models import Session
from connectors.pulse import LEASE
from tests.engine.on_spectrum import OnSpectrum, listening, move, spectrum_books
from tests.faults.aftermath import accepted, assert_all_ended
from tests.faults.conftest import FULL, Servers, servers_at
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)

STEP = 1 if FULL else 3


@pytest.fixture
def spectrum(stage: Stage, settings) -> Iterator[OnSpectrum]:
    settings.ERP_QUARANTINE_SECONDS = 0
    company = spectrum_books()
    company.set(repeats_double=True)
    with listening(company) as address:
        move(stage, address)
        yield OnSpectrum(stage, company, address)
    company.close()


@pytest.fixture
def workers(spectrum: OnSpectrum, database_url: str) -> Iterator[Servers]:
    with servers_at(database_url, more={"ERPBRIDGE_ALLOWED_ERP_ORIGINS": spectrum.address}) as one:
        yield one


def lease_is_over() -> None:
    longer = LEASE + timedelta(seconds=1)
    Session.objects.filter(ended_at=None).update(last_seen_at=F("last_seen_at") - longer)


def test_a_commitment_of_three_calls(spectrum: OnSpectrum, stage: Stage, workers: Servers) -> None:
    for point in count(1, STEP):
        commitment = stage.commitment(number=f"SC-{point:03}")
        spectrum.accepted(commitment)
        before = len(spectrum.effects())
        lived = workers.work(stage.connection.pk, point)
        lease_is_over()
        spectrum.quiet()
        export = stage.export(commitment)
        assert export.status == "synced", f"point {point}: {export.status} {export.message}"
        assert str(spectrum.total(commitment.number)) == "35000.00", f"point {point}"
        effects = sorted(what for _, _, what in spectrum.effects()[before:])
        # At most the one call that was out is made again, and changes nothing.
        assert effects in (["made"] * 3, ["made"] * 3 + ["nothing"]), f"point {point}"
        if lived:
            break
    assert point > 20, "the points were not reached"
    assert_all_ended()


def test_a_change_order_that_nobody_may_repeat(
    spectrum: OnSpectrum, stage: Stage, workers: Servers
) -> None:
    """Where its call was out, Ann looks into Spectrum and says what is there."""
    commitment = stage.commitment()
    spectrum.synced(commitment)
    asked = 0
    for point in count(2, STEP):
        change_order = accepted(stage, commitment, f"{point:03}")
        lived = workers.work(stage.connection.pk, point)
        lease_is_over()
        spectrum.quiet()
        if stage.status(change_order) == "needs_attention":
            asked += 1
            look_and_say(spectrum, stage, change_order)
        export = stage.export(change_order)
        assert export.status == "synced", f"point {point}: {export.status} {export.message}"
        found = spectrum.company.subcontract("SC-001").change_orders
        [there] = [one for one in found if one.number == export.erp_number]
        assert str(there.amount) == "1500.00", f"point {point}"
        if lived:
            break
    assert point > 20, "the points were not reached"
    assert asked > 0, "it never died over its call"
    assert_all_ended()


def look_and_say(spectrum: OnSpectrum, stage: Stage, change_order: ChangeOrder) -> None:
    export = stage.export(change_order)
    terms = export.frozen_terms
    assert terms is not None
    note = "Looked at the change order log of SC-001"
    log = spectrum.company.subcontract("SC-001").change_orders
    if terms.number in {one.number for one in log}:
        ann = stage.access(stage.ann, export.project)
        version, number = export.version, terms.number
        attest(export.pk, by=ann, version=version, number=number, note=note, attested=True)
    else:
        stage.step("record-absent", change_order, stage.ann, note=note)
        stage.step("retry", change_order, stage.ann)
        spectrum.quiet()
