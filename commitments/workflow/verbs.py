"""What can be done with a document, of either kind by the same names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import TextChoices

from commitments.models import ChangeOrder, Commitment
from commitments.states import STATUSES_OF, ChangeOrderStatus
from commitments.workflow.change_orders import (
    change_order_faults,
    create_change_order,
    delete_change_order,
    set_change_order_status,
    status_tool,
    update_change_order,
    why_not_change_order_status,
    why_not_delete_change_order,
)
from commitments.workflow.commitments import (
    commitment_faults,
    create_commitment,
    delete_commitment,
    set_commitment_status,
    update_commitment,
    why_not_commitment_status,
    why_not_delete_commitment,
)
from commitments.workflow.loading import load_change_order, load_commitment
from directory.entered import Fault
from directory.perms import Tool

D = TypeVar("D", bound=Commitment | ChangeOrder)


@dataclass(frozen=True)
class Verbs(Generic[D]):
    """The verbs of one kind of document; see those of commitments for what each takes."""

    load: Callable[[int], D]
    faults: Callable[[D, Any], list[Fault]]  # of an entry, as if it were saved now
    create: Callable[..., D]  # what is not saved yet tells where it belongs
    update: Callable[..., D]
    set_status: Callable[..., D]
    delete: Callable[..., None]
    statuses: Callable[[D], Sequence[TextChoices]]
    status_tool: Callable[[D, str], Tool]
    why_not_status: Callable[[D, str], str]
    why_not_delete: Callable[[D], str]


COMMITMENT = Verbs[Commitment](
    load=load_commitment,
    faults=commitment_faults,
    create=lambda new, *, by, data: create_commitment(project=new.project, by=by, data=data),
    update=update_commitment,
    set_status=set_commitment_status,
    delete=delete_commitment,
    statuses=lambda now: STATUSES_OF[now.type],
    status_tool=lambda now, status: Tool.COMMITMENTS,
    why_not_status=why_not_commitment_status,
    why_not_delete=why_not_delete_commitment,
)
CHANGE_ORDER = Verbs[ChangeOrder](
    load=load_change_order,
    faults=change_order_faults,
    create=lambda new, *, by, data: create_change_order(
        commitment=new.commitment, by=by, data=data
    ),
    update=update_change_order,
    set_status=set_change_order_status,
    delete=delete_change_order,
    statuses=lambda now: list(ChangeOrderStatus),
    status_tool=status_tool,
    why_not_status=why_not_change_order_status,
    why_not_delete=why_not_delete_change_order,
)
