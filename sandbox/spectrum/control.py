"""The page and the small interface of the process: what "Spectrum" holds, its calls, its faults.

=================================== ============================================================
GET ``/``                           the page for people
GET ``/subcontracts``               subcontracts with lines and change orders, as JSON; ``/phases``
                                    the phases of all jobs
GET ``/calls``                      the last calls with requests and answers, as JSON
GET ``/effects``                    what each call did, to which natural key, as JSON
GET ``/faults``                     the faults that wait for their call, as JSON
POST ``/faults``                    switch one on: ``kind=…``, ``service=…``, ``call=…``,
                                    ``times=…``, ``seconds=…``, ``text=…``; ``off=…`` switches a
                                    kind off; ``delay=…`` is how many seconds each call takes
POST ``/late``                      carry out now what a fault delayed
POST ``/settings``                  set the site up otherwise: ``repeats_double=true`` …
POST ``/client``                    enhanced authentication: ``on=true`` (a new one) or ``on=false``
POST ``/subcontracts/V/N/delete``   the accountant deletes subcontract N of vendor V
POST ``/change-requests/J/C/N/delete``  … a change request of job J and customer C
POST ``/status/KIND/KEY…``          … makes a vendor, job, phase or subcontract ``status=I`` …
POST ``/costs/J/P/T``               … posts a cost to a phase: ``cost=…``
=================================== ============================================================
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from sandbox import own_page
from sandbox.own_page import BadRequest, truth
from sandbox.spectrum.company import SpectrumCompany
from sandbox.spectrum.page import page

LAST_CALLS = 200
DONE = {"done": True}


class Control:
    """What the requests do, without HTTP."""

    def __init__(self, company: SpectrumCompany, address: str, info_link: str = "") -> None:
        self.company = company
        self.address = address  # where the services answer
        self.info_link = info_link  # where its Info-Link does; '' if it has none

    def page(self) -> str:
        """The page for people, as HTML."""
        return page(self.company, self.address, self.info_link)

    def get(self, path: str) -> Any:
        """What a GET of a path answers as JSON."""
        match path:
            case "/subcontracts":
                return [
                    {**dataclasses.asdict(each), "original": each.original, "total": each.total}
                    for each in self.company.subcontracts()
                ]
            case "/phases":
                return [dataclasses.asdict(each) for each in self.company.job_phases()]
            case "/calls":
                return self.company.calls(LAST_CALLS)
            case "/effects":
                return [dataclasses.asdict(each) for each in self.company.effects()]
            case "/faults":
                faults = self.company.faults
                return {"delay": faults.delay, "waiting": faults.as_list()}
        raise BadRequest(f"There is nothing at {path}.", 404)

    def post(self, path: str, values: dict[str, Any]) -> Any:
        """Do what a POST to a path asks, and what it answers as JSON."""
        company, by_hand = self.company, self.company.by_hand
        match [unquote(part) for part in path.strip("/").split("/")]:
            case ["faults"]:
                given = {name: value for name, value in values.items() if value != ""}
                return self._done(lambda: company.faults.set(given))
            case ["late"]:
                return self._done(lambda: company.catch_up(at_once=True))
            case ["settings"]:
                return self._done(lambda: company.set(**_switches(values)))
            case ["client"]:
                on = _switches({"on": values.get("on", "")})["on"]
                return self._done(company.switch_on_a_client if on else company.switch_off_oauth)
            case ["subcontracts", vendor, number, "delete"]:
                return self._done(lambda: by_hand.delete_subcontract(vendor, number))
            case ["change-requests", job, customer, number, "delete"]:
                return self._done(lambda: by_hand.delete_change_request(job, customer, number))
            case ["status", kind, *key]:
                status = str(values.get("status", ""))
                return self._done(lambda: by_hand.set_status(kind, tuple(key), status))
            case ["costs", job, phase, cost_type]:
                cost = _amount(values.get("cost"))
                return self._done(lambda: by_hand.enter_cost(job, phase, cost_type, cost))
        raise BadRequest(f"There is nothing at {path}.", 404)

    def _done(self, deed: Callable[[], object]) -> dict[str, bool]:
        try:
            deed()
        except KeyError as error:
            raise BadRequest(str(error.args[0]), 404) from None
        except (TypeError, ValueError) as error:
            raise BadRequest(str(error)) from None
        return DONE


def _switches(values: dict[str, Any]) -> dict[str, bool]:
    switches = {name: truth(value) for name, value in values.items()}
    if not all(isinstance(value, bool) for value in switches.values()):
        raise BadRequest("A setting is switched on with true and off with false.")
    return switches


def _amount(value: Any) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise BadRequest(f"{value} is no amount.") from None


def serve(
    company: SpectrumCompany, address: str, port: int, info_link: str = ""
) -> ThreadingHTTPServer:
    """A server for the page of `company`, whose services answer at `address` and whose Info-Link
    at `info_link`; see `own_page.serve`."""
    return own_page.serve(Control(company, address, info_link), port)
