"""Why a step did not happen, in words for the person who tried."""

from collections.abc import Sequence

from approvals.models import Export
from approvals.states import Status, Step
from connectors.contract import Problem


class StepError(Exception):
    """A step that did not happen; nothing was changed. The message is shown as it is."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Stale(StepError):
    """Somebody was faster, or the item changed since the page was drawn."""

    def __init__(self, export: Export, message: str = "", changes: Sequence[str] = ()) -> None:
        now = Status(export.status).label
        super().__init__(
            message
            or f"{export} has changed since you opened this page (it is now: {now}). "
            "Look at it again before you decide."
        )
        self.export = export
        self.changes = list(changes)  # what is different, a sentence each


class WrongState(StepError):
    """There is no such step from where the item is."""

    def __init__(self, export: Export, step: Step) -> None:
        label = step.label or step.name
        super().__init__(
            f"{export} cannot take the step '{label}' now: it is {Status(export.status).label}."
        )
        self.export = export


class NotReady(StepError):
    """Rules that fail; all of them."""

    def __init__(self, export: Export, problems: Sequence[Problem]) -> None:
        listed = "; ".join(problem.text for problem in problems)
        super().__init__(f"{export} cannot go to the ERP yet: {listed}")
        self.export = export
        self.problems = list(problems)
