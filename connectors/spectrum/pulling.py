"""Spectrum's lists: vendors, jobs by status, and the phases and cost types of all jobs.

There is no service for phases or cost types of the company, so both are gathered job by job. A page
that may be incomplete (its end is missing, a row warns, or it has as many rows as Spectrum gives at
once) says so: only a list that came whole ever tells that something is no longer there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

from connectors.contract import CostRow, JobCosts, Pulled, Ref, Refused, Request, Script
from connectors.spectrum import envelope, reading
from connectors.spectrum.answers import Answer, Row

LISTS = ("vendors", "jobs", "cost_codes", "classes")
_JOBS_AT_ONCE = 20
_STATUSES = ("A", "I", "C")
_INCOMPLETE = (
    "Spectrum gave only a part: it sends about 500 rows at once. What came was taken in; nothing "
    "is taken for removed."
)

Rows = list[dict[str, Any]]


def pull(what: str, cursor: str) -> Script[Pulled]:
    """One page. Raises Busy and Refused.

    Rows: id, name, label, active, parent, problem; cost codes also have a description. A cursor is
    the status of jobs that comes next, or the job after which the phases go on.
    """
    page: Callable[[str], Script[tuple[Rows, str, bool]]]
    if what == "vendors":
        page = _vendors
    elif what == "jobs":
        page = _jobs
    elif what in ("cost_codes", "classes"):
        page = _phases if what == "cost_codes" else _cost_types
    else:
        raise Refused(f"Spectrum has no list “{what}”.")
    rows, more, whole = yield from page(cursor)
    return Pulled(rows=tuple(rows), more=more, incomplete="" if whole else _INCOMPLETE)


def _vendors(_at: str) -> Script[tuple[Rows, str, bool]]:
    answer: Answer = yield Request(body=envelope.vendors(), fresh=True)
    reading.must_be_read(answer, "the question for its vendors")
    rows = [
        _row(row["vendor_code"], row.get("name", "") or row["vendor_code"])
        for row in answer.rows
        if row.get("vendor_code")
    ]
    return rows, "", answer.whole


def _jobs(at: str) -> Script[tuple[Rows, str, bool]]:
    status = at or _STATUSES[0]
    answer: Answer = yield reading.jobs(status, fresh=True)
    reading.must_be_read(answer, "the question for its jobs")
    rows = [_job(row) for row in answer.rows if row.get("job_number")]
    following = dict(pairwise(_STATUSES)).get(status, "")
    return rows, following, answer.whole


def _job(row: Row) -> dict[str, Any]:
    number, name = row["job_number"], row.get("job_description", "")
    problem = {
        "I": "It is inactive in Spectrum. Make it active there first.",
        "C": "It is completed in Spectrum and takes nothing any more.",
    }.get(row.get("status_code", "A"), "")
    return _row(number, f"{number} {name}".strip(), label=name, problem=problem)


def _phases(at: str) -> Script[tuple[Rows, str, bool]]:
    found, more, whole = yield from _of_jobs(at)
    rows: dict[str, dict[str, Any]] = {}
    for phase in found:
        row = _row(phase.code, phase.shown, label=phase.description)
        rows.setdefault(phase.code, {**row, "description": phase.description})
    return list(rows.values()), more, whole


def _cost_types(at: str) -> Script[tuple[Rows, str, bool]]:
    found, more, whole = yield from _of_jobs(at)
    types = dict.fromkeys(phase.cost_type for phase in found)
    return [_row(one, one) for one in types], more, whole


def _of_jobs(after: str) -> Script[tuple[list[reading.Phase], str, bool]]:
    """The phases of the next jobs behind `after`, the last of these jobs, and whether all of it
    came. Completed jobs are left out."""
    listed: Answer = yield reading.jobs()
    reading.must_be_read(listed, "the question for its jobs")
    numbers = sorted({row["job_number"] for row in listed.rows if row.get("job_number")})
    left = [number for number in numbers if number > after]
    found: list[reading.Phase] = []
    whole = listed.whole
    for number in left[:_JOBS_AT_ONCE]:
        answer: Answer = yield reading.phases(number, fresh=False)
        reading.must_be_read(answer, f"the question for the phases of job {number}")
        found += reading.phases_in(answer)
        whole = whole and answer.whole
    more = left[_JOBS_AT_ONCE - 1] if len(left) > _JOBS_AT_ONCE else ""
    return found, more, whole


def _row(erp_id: str, name: str, *, label: str = "", problem: str = "") -> dict[str, Any]:
    return {
        "id": erp_id,
        "name": name,
        "label": label or name,
        "active": not problem,
        "parent": "",
        "problem": problem,
    }


LEFT_OUT = (
    "What Spectrum tells of a job's costs is job to date: without commitments, invoices that are "
    "not approved yet, pre-time-cards and hours of contract labour."
)


def job_costs(job: Ref) -> Script[JobCosts]:
    """What was estimated and spent on a job per phase and cost type, completed ones included.

    Spent is what `LEFT_OUT` says: Spectrum tells no more. A job has one estimate there, so none is
    told apart.
    Raises Busy and Refused; an answer that is not whole raises.
    """
    doing = f"the question for the costs of job {job.name}"
    answers = []
    for status in ("", reading.COMPLETED):
        answer: Answer = yield reading.phases(job.id, status)
        reading.must_be_whole(answer, doing)
        answers.append(answer)
    return JobCosts(job=job, rows=tuple(_cost_rows(reading.merged(answers).values())))


def _cost_rows(phases: Iterable[reading.Phase]) -> Iterable[CostRow]:
    for one in sorted(phases, key=lambda one: one.pair):
        yield CostRow(
            item=one.code,
            category=one.cost_type,
            name=f"{one.shown} {one.description}".strip(),
            estimate=one.estimate,
            actual=one.actual,
        )
