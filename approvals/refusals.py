"""Why a step did not happen, as data: for the API's errors and for the results of bulk steps."""

from __future__ import annotations

import msgspec

from approvals.errors import AwaitsSecond, NotReady, Stale, StepError, WrongState
from connectors.contract import Problem


class Refusal(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`type` names the kind of refusal, `detail` is for people.

    `problems`: all that must hold first. `changes`: what happened since the version that was named;
    `version_now` and `status_now` are those to look at before trying again.
    """

    type: str
    title: str
    detail: str
    problems: list[Problem] = []
    changes: list[str] = []
    version_now: int | None = None
    status_now: str | None = None


def refusal(error: StepError) -> Refusal:
    """What to tell a program about `error`."""
    if isinstance(error, Stale):
        return Refusal(
            type="urn:erpbridge:stale",
            title="It has changed",
            detail=error.message,
            changes=error.changes,
            version_now=error.item.version,
            status_now=error.item.status,
        )
    if isinstance(error, WrongState):
        return Refusal(
            type="urn:erpbridge:wrong-state",
            title="No such step from here",
            detail=error.message,
            version_now=error.export.version,
            status_now=error.export.status,
        )
    if isinstance(error, NotReady):
        return Refusal(
            type="urn:erpbridge:not-ready",
            title="Rules fail",
            detail=error.message,
            problems=error.problems,
        )
    if isinstance(error, AwaitsSecond):
        return Refusal(
            type="urn:erpbridge:second-approver",
            title="A second approver is needed",
            detail=error.message,
            version_now=error.export.version,
            status_now=error.export.status,
        )
    return Refusal(
        type="urn:erpbridge:refused", title="This step did not happen", detail=error.message
    )
