"""Questions that the scripts ask of Spectrum, and the jobs and phases in its answers.

Evidence: a blank status asks `GetJob` for active and inactive jobs and leaves out completed ones
(Trimble's help); that `GetPhase` does the same is an assumption, so completed phases are asked for
by their own status where they matter. Amounts exclude committed cost, unapproved invoices,
pre-time-cards and hours of contract labour (Trimble's help).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from connectors.contract import Busy, Ref, Refused, Request, Script
from connectors.spectrum import calls, envelope
from connectors.spectrum.answers import Answer, Row
from connectors.spectrum.services import GET_JOB, GET_PHASE, amount_in

JOBS = "jobs"  # the record of all jobs that are not completed: asked for once in a session
COMPLETED = "C"
_PHASES = "phases:"
_ZERO = Decimal("0.00")


class Phase(NamedTuple):
    """One phase and cost type of a job. `code` is the phase without dashes, `shown` as Spectrum
    writes it; `status` is A, I or C; amounts are in the company's currency."""

    code: str
    shown: str
    cost_type: str
    description: str
    status: str
    actual: Decimal
    estimate: Decimal

    @property
    def pair(self) -> str:
        return f"{self.code}/{self.cost_type}"


def plain(phase: str) -> str:
    """A phase code as requests have it: without dashes."""
    return phase.replace("-", "").strip()


def jobs(status: str = "", *, fresh: bool = False) -> Request:
    """The question for the jobs of a status; blank: all that are not completed."""
    body = envelope.question(GET_JOB, pStatus_Code=status)
    return Request(body=body, record="" if status else JOBS, fresh=fresh)


def phases(job: str, status: str = "", *, fresh: bool = True) -> Request:
    """The question for the phases of a job; `fresh` where its amounts matter, which move."""
    body = envelope.question(GET_PHASE, pJob_Number=job, pStatus_Code=status)
    return Request(body=body, record="" if status else f"{_PHASES}{job}", fresh=fresh)


def phases_in(answer: Answer) -> list[Phase]:
    """The phases of an answer. Raises Refused for an amount that is none."""
    return [
        Phase(
            code=plain(row.get("phase_code", "")),
            shown=row.get("phase_code", ""),
            cost_type=row.get("cost_type", ""),
            description=row.get("description", ""),
            status=row.get("status_code", "") or "A",
            actual=_money(row, "jtd_actual_dollars"),
            estimate=_money(row, "current_estimated_dollars"),
        )
        for row in answer.rows
        if row.get("phase_code") and row.get("cost_type")
    ]


def must_be_read(answer: Answer, doing: str) -> None:
    """Raises Busy or Refused where a question was not answered; a part of an answer is one."""
    error = calls.unread(answer, doing)
    if error is not None:
        raise error


def must_be_whole(answer: Answer, doing: str) -> None:
    """Raises Busy where the end is missing, Refused where Spectrum gives no more than a part."""
    must_be_read(answer, doing)
    if answer.cut:
        raise Busy(f"Spectrum's answer to {doing} was cut off. It is asked again.")
    if not answer.whole:
        raise Refused(
            f"Spectrum gave only a part of the answer to {doing}: {len(answer.rows):,} rows, which "
            "is as many as it gives at once.",
            words=answer.words,
        )


def customer_of(job: Ref) -> Script[str]:
    """The customer of the job's contract. Raises Busy, and Refused where there is none."""
    doing = f"the question for the customer of job {job.id}"
    for status in ("", "A"):  # where all jobs are more than Spectrum gives at once, the active ones
        answer: Answer = yield jobs(status)
        must_be_read(answer, doing)
        found = next((row for row in answer.rows if row.get("job_number") == job.id), None)
        if found is not None or answer.whole:
            break
    if found is None:
        must_be_whole(answer, doing)
        raise Refused(
            f"Job {job.id} is not among the jobs of Spectrum that are not completed, so it takes "
            "no change order."
        )
    customer = found.get("customer_code", "")
    if not customer:
        raise Refused(no_customer(job.id))
    return customer


def no_customer(job: str) -> str:
    return (
        f"Job {job} has no customer in Spectrum, and a change order goes there through the "
        "customer's contract. Set the job up with a contract and customer in Spectrum, press Sync "
        "now on the Connection page, then retry."
    )


# --- What is remembered for previews and rules -------------------------------------------------


def job_name(job: str) -> str:
    """The record in which a job is remembered: its customer, status and name."""
    return f"job:{job}"


def known_customer(facts: Mapping[str, Any], job: Ref | None) -> str:
    """The customer of a job as it was last read; '' where it was not, or has none."""
    return str((facts.get(job_name(job.id if job else "")) or {}).get("customer", ""))


def phases_name(job: str) -> str:
    """The record of a job's phases: pair -> status, description, current estimate."""
    return f"{_PHASES}{job}"


def records(answer: Answer) -> dict[str, Mapping[str, Any]]:
    """Every job of an answer; the phases of a job, or that all jobs are there, if it is whole."""
    asked = answer.asked.record if answer.asked else ""
    found: dict[str, Mapping[str, Any]] = {}
    if asked.startswith(_PHASES):
        if answer.whole:
            found[asked] = {
                one.pair: [one.status, one.description, f"{one.estimate:.2f}"]
                for one in phases_in(answer)
            }
        return found
    for row in answer.rows:
        if row.get("job_number") and "job_description" in row:
            found[job_name(row["job_number"])] = {
                "customer": row.get("customer_code", ""),
                "status": row.get("status_code", ""),
                "name": row.get("job_description", ""),
            }
    if asked == JOBS and answer.whole:
        found[JOBS] = {"count": len(answer.rows)}
    return found


def merged(answers: Iterable[Answer]) -> dict[str, Phase]:
    """The phases of several answers by pair, each once."""
    return {one.pair: one for answer in answers for one in phases_in(answer)}


def _money(row: Row, column: str) -> Decimal:
    text = row.get(column, "")
    if not text:
        return _ZERO
    value = amount_in(text)
    if value is None:
        raise Refused(
            f"Spectrum told {text[:40]!r} as an amount ({column}); nothing of it was kept."
        )
    return value
