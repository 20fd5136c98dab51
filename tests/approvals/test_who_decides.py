"""Who may not decide on an item although they decide on others."""

import pytest

from approvals.errors import StepError
from approvals.linking.workflow import link
from approvals.models import Export
from approvals.states import STEPS
from tests.approvals.test_steps import put_into
from tests.stage import Stage

pytestmark = pytest.mark.django_db

# What nobody does with an item that they sent themselves.
DECISIONS = ("accept", "reject", "retry", "undo-acceptance", "record-absent")


def sent_by_ann(stage: Stage, status: str) -> Export:
    """An export that Ann sent and that came to `status`."""
    commitment = stage.commitment()
    stage.send(commitment)
    put_into(commitment.export, status)
    Export.objects.filter(pk=commitment.export_id).update(sent_by=stage.ann)
    return stage.export(commitment)


@pytest.mark.parametrize(
    ("name", "status"),
    [(name, status) for name in DECISIONS for status in sorted(STEPS[name].sources)],
)
def test_the_sender_takes_none_of_the_decisions(stage: Stage, name: str, status: str) -> None:
    export = sent_by_ann(stage, status)
    with pytest.raises(StepError, match="You sent it yourself"):
        stage.step(name, export.commitment, stage.ann, note="Because")
    assert stage.status(export.commitment) == status


def test_the_sender_does_not_say_which_record_it_is(stage: Stage) -> None:
    export = sent_by_ann(stage, "needs_attention")
    by = stage.access(stage.ann)
    with pytest.raises(StepError, match="You sent it yourself"):
        link(export.pk, by=by, version=export.version, record="1")
    assert stage.status(export.commitment) == "needs_attention"


def test_linking_needs_the_projects_tool_too(stage: Stage) -> None:
    commitment = stage.commitment()
    with pytest.raises(StepError, match="Admin on Commitments"):
        link(commitment.export_id, by=stage.access(stage.ann), version=0, record="1")
    assert stage.status(commitment) == "draft"
