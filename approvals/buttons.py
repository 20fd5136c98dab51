"""The buttons of one export for one person, derived from the table of steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from approvals.models import Export, Exportable
from approvals.rights import why_not
from approvals.states import BY_CHOICE, STEPS, Status, Step, Who
from directory.access import Access

MAIN = frozenset({"send", "accept", "retry"})
# Steps that can be taken from the queue, without opening the item.
IN_LISTS = ("accept", "retry", "reject", "undo-acceptance")


@dataclass(frozen=True, slots=True)
class Button:
    """A step that the item can take now; with `reasons` it cannot be pressed by this person."""

    step: str
    label: str
    who: Who
    reasons: Sequence[str] = ()
    needs_note: bool = False

    @property
    def is_main(self) -> bool:
        return self.step in MAIN


def buttons(
    export: Export, document: Exportable | None, access: Access, blocked: Sequence[str] = ()
) -> list[Button]:
    """Every step that a person can take from here. `blocked`: why it cannot go to the ERP now."""
    made = []
    for step in STEPS.values():
        if not step.label or step.name in BY_CHOICE or export.status not in step.sources:
            continue
        if step.who == Who.SENDER:
            if document is None:
                continue
            why = document.may_send(access) if step.name == "send" else ""
            why = document.may_retrieve(access) if step.name == "retrieve" else why
        else:
            why = why_not(step, access, export.sent_by_id, export.kind)
        reasons = [why] if why else []
        if step.name in MAIN:
            reasons += blocked
        made.append(Button(step.name, _label(step, export), step.who, reasons, step.needs_note))
    return sorted(made, key=lambda button: not button.is_main)


def _label(step: Step, export: Export) -> str:
    if step.name == "send" and export.status != Status.DRAFT:
        return "Re-send to ERP"
    return step.label
