"""What both a document and its ERP find wrong at one place is told once.

QuickBooks is the sandbox's stand-in.
"""

import re

import pytest
from django.test import Client

from approvals.errors import NotReady
from approvals.linking.eligible import what_of
from approvals.models import Export
from approvals.readiness import send_problems
from approvals.workflow import Item, send_all
from commitments.models import ChangeOrder, Commitment
from tests.stage import Stage, sign_in

pytestmark = pytest.mark.django_db


def faults_of(document: Commitment | ChangeOrder, stage: Stage) -> list[str]:
    problems = send_problems(document, document.to_document(), stage.connection)
    return [problem.text for problem in problems]


def test_pam_is_told_once_that_there_is_no_line(stage: Stage, client: Client) -> None:
    commitment = stage.commitment()
    commitment.lines.all().delete()
    commitment = Commitment.objects.get(pk=commitment.pk)
    assert faults_of(commitment, stage) == ["There is no line to send."]
    sign_in(client, stage.pam)
    page = client.get(commitment.get_absolute_url()).content.decode()
    [panel] = re.findall(r'<section[^>]*id="panel".*?</section>', page, re.DOTALL)
    assert "There is no line to send." in panel
    assert "It has no lines." not in panel
    item = Item(commitment.export_id, stage.export(commitment).version)
    [result] = send_all([item], by=stage.access(stage.pam))
    assert isinstance(result.error, NotReady)
    assert [problem.code for problem in result.error.problems] == ["no_lines"]


def test_a_sub_job_is_told_once_and_other_faults_of_its_line_beside_it(stage: Stage) -> None:
    commitment = stage.commitment()
    commitment.lines.filter(number=2).update(sub_job="North wing", amount="10000000000.00")
    commitment = Commitment.objects.get(pk=commitment.pk)
    assert faults_of(commitment, stage) == [
        "Line 2 names sub job North wing. The ERP takes none.",
        "Line 2: the amount 10,000,000,000.00 is too large. QuickBooks takes less than "
        "10,000,000,000.",
    ]


def test_what_cannot_be_linked_to_is_told_once(stage: Stage) -> None:
    stage.vendor.erp_id = ""
    stage.vendor.save()
    change_order = stage.change_order(stage.commitment())
    export = stage.export(change_order)
    known = Export.objects.in_bulk([export.pk, export.parent_id])
    told = what_of([export], known, stage.connection)[export.pk]
    assert isinstance(told, NotReady)
    assert [problem.code for problem in told.problems] == ["parent", "vendor"]
