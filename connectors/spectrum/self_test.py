"""Whether Spectrum lets ERP Bridge use each service, tried without writing anything.

The reads are asked for real. The services that write are called without naming any record, which
they have to refuse as missing. Assumption: who may not use a service is told so (A) before anything
else is looked at, as in the sample of Trimble's help.
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.contract import Area, Busy, Request, Script
from connectors.spectrum import calls, envelope, info_link, reading
from connectors.spectrum.answers import Answer
from connectors.spectrum.services import (
    ADD_PHASE,
    CHANGE_REQUEST,
    GET_PHASE,
    SUBCONTRACT,
    SUBCONTRACT_PHASES,
    Service,
)

_WRITES: tuple[tuple[str, Service], ...] = (
    ("Subcontracts", SUBCONTRACT),
    ("Subcontract lines", SUBCONTRACT_PHASES),
    ("Change requests", CHANGE_REQUEST),
    ("Phases and estimates", ADD_PHASE),
)
_NO_PHASES = "~"  # a cost type that no site has
_TAKEN = (
    "It took a call that names no record. Look in Spectrum whether it made one, and which defaults "
    "the Authorization ID fills in."
)


def self_test(known: Mapping[str, int], *, asked: bool) -> Script[tuple[Area, ...]]:
    """Each area, and what is wrong with it. Raises Busy. `asked`: the site has Info-Link.

    How many are `known` here says nothing: an Authorization ID is given services, not records, and
    inactive vendors are not shown to anybody.
    """
    areas = []
    answer: Answer = yield Request(body=envelope.vendors(), fresh=True)
    areas.append(_counted("Vendors", answer))
    answer = yield reading.jobs(fresh=True)
    areas.append(_counted("Jobs (GetJob)", answer))
    body = envelope.question(GET_PHASE, pCost_Type=_NO_PHASES)
    answer = yield Request(body=body, fresh=True)
    areas.append(Area(name="Phases (GetPhase)", problem=_problem(answer)))
    for name, service in _WRITES:
        answer = yield Request(body=envelope.question(service), fresh=True)
        problem = _problem(answer) or ("" if answer.refusals else _TAKEN)
        areas.append(Area(name=f"{name} ({service.name})", problem=problem))
    if asked:
        areas += yield from info_link.self_test()
    return tuple(areas)


def _counted(name: str, answer: Answer) -> Area:
    problem = _problem(answer)
    return Area(name=name, shown=None if problem else len(answer.rows), problem=problem)


def _problem(answer: Answer) -> str:
    """'' where the service answered at all: a value that it misses is no matter of rights."""
    error = calls.failure(answer, "a call that only tries the service")
    if isinstance(error, Busy):
        raise error
    if answer.unauthorized:
        return f"Not authorised. Spectrum's words: {answer.words}"
    return error.message if error is not None and not answer.understood else ""
