"""Why a step did not happen, in words for the person who tried."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from approvals.models import Export
from approvals.states import Status, Step
from connectors.contract import Problem
from directory.formats import money


class StepError(Exception):
    """A step that did not happen; nothing was changed. The message is shown as it is.

    `field`: the one field of the step's form that the message is about; '' for none.
    """

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class Versioned(Protocol):
    """An export, or a document that is not exported itself and counts its own versions."""

    @property
    def version(self) -> int: ...

    @property
    def status(self) -> str: ...

    def get_status_display(self) -> str: ...


class Stale(StepError):
    """Somebody was faster, or the item changed since the page was drawn."""

    def __init__(self, item: Versioned, message: str = "", changes: Sequence[str] = ()) -> None:
        super().__init__(
            message
            or f"{item} has changed since you opened this page (it is now: "
            f"{item.get_status_display()}). Look at it again before you decide."
        )
        self.item = item
        self.changes = list(changes)  # what is different, a sentence each


class WrongState(StepError):
    """There is no such step from where the item is."""

    def __init__(self, export: Export, step: Step) -> None:
        label = step.label or step.name
        super().__init__(
            f"{export} cannot take the step '{label}' now: its status is "
            f"'{Status(export.status).label}'."
        )
        self.export = export


class NotReady(StepError):
    """Rules that fail; all of them."""

    def __init__(self, export: Export, problems: Sequence[Problem]) -> None:
        listed = "; ".join(problem.text for problem in problems)
        field = "number" if any(problem.where == "number" for problem in problems) else ""
        super().__init__(f"{export} cannot go to the ERP yet: {listed}", field)
        self.export = export
        self.problems = list(problems)


class AwaitsSecond(StepError):
    """The approver's word was kept, and somebody else's is missing before it counts."""

    def __init__(self, export: Export, limit: Decimal | None, missing: str) -> None:
        super().__init__(
            f"Your approval of {export} is noted. From {money(limit)} on a second approver has to "
            f"{missing}, too."
        )
        self.export = export
