"""Two approvers who link at the same moment: one record is one item's, and two words are two.

QuickBooks is the sandbox's stand-in.
"""

from __future__ import annotations

from decimal import Decimal
from functools import partial

import pytest
from django.core.exceptions import PermissionDenied

from approvals.errors import StepError
from approvals.linking import workflow as linking
from approvals.models import FirstApproval
from approvals.workflow import Item
from directory.models import ToolLevel, User
from directory.perms import Level, Tool
from tests.approvals.test_linking_job import commitment, typed_in
from tests.approvals.test_races import Ended, floor
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 6


@pytest.fixture
def stage(stage: Stage) -> Stage:
    ToolLevel.objects.filter(
        membership__user__in=[stage.ann, stage.bea], tool=Tool.COMMITMENTS
    ).update(level=Level.ADMIN)
    return stage


def links(stage: Stage, who: User, export: int, record: str) -> Ended:
    try:
        linking.link(export, by=stage.access(who), version=0, record=record)
    except (StepError, PermissionDenied) as error:
        return Ended(frozenset(), str(error))
    return Ended(frozenset([export]))


def looked_up(stage: Stage, number: str, made: int) -> list[int]:
    """So many commitments that could all be the order of that number; their exports."""
    exports = [commitment(stage, f"{number}.{n}").export_id for n in range(made)]
    items = [Item(pk, 0, number=number) for pk in exports]
    results = linking.ask_all(items, by=stage.access(stage.ann))
    assert all(result.error is None for result in results)
    stage.visit()
    return exports


def test_one_record_is_linked_once_also_by_two_at_the_same_moment(stage: Stage) -> None:
    with floor(2) as together:
        for n in range(ROUNDS):
            number = f"A-{n}"
            record = typed_in(stage, number)
            exports = looked_up(stage, number, made=2)
            ended = together.together(
                [
                    partial(links, stage, who, export, record)
                    for who, export in zip((stage.ann, stage.bea), exports, strict=True)
                ]
            )
            assert sorted(len(one.moved) for one in ended) == [0, 1], ended
            [refused] = [one.refused for one in ended if one.refused]
            assert "linked to that record already" in refused


def test_of_two_at_the_same_moment_one_is_the_first_and_one_the_second(stage: Stage) -> None:
    stage.company.second_approver_from = Decimal(100)
    stage.company.save()
    with floor(2) as together:
        for n in range(ROUNDS):
            number = f"A-{n}"
            record = typed_in(stage, number)
            [export] = looked_up(stage, number, made=1)
            ended = together.together(
                [partial(links, stage, who, export, record) for who in (stage.ann, stage.bea)]
            )
            assert sorted(len(one.moved) for one in ended) == [0, 1], ended
            [first] = [one.refused for one in ended if one.refused]
            assert "is noted" in first
            assert FirstApproval.objects.filter(export=export).count() == 1
