"""The page and the small interface of the demo process: what "QuickBooks" holds, and its faults.

========================== =====================================================================
GET ``/``                  the page for people
GET ``/orders``            purchase orders with their lines, as JSON; ``/estimates`` and ``/bills``
                           likewise
GET ``/log``               the last sessions with their requests and answers, as JSON
GET ``/faults``            the faults and their values, as JSON
POST ``/faults``           switch faults: a JSON object, or a form
POST ``/sync``             poll now; answers when that session is over
POST ``/orders/ID/edit``   the bookkeeper edits an order: ``Memo=…``, ``RefNumber=…`` …
POST ``/orders/ID/delete`` the bookkeeper deletes it (an order, an estimate or a bill)
POST ``/lines/ID/LINE``    the bookkeeper changes a line of it: ``amount=…``, ``desc=…`` …;
                           ``/lines/ID/LINE/delete`` deletes it
POST ``/bills``            the bookkeeper enters a bill: ``job=…``, ``item=…``, ``amount=…``,
                           ``klass=…``
POST ``/entries/ID``       the bookkeeper makes a list entry inactive, or active again:
                           ``active=false``; ``/entries/ID/delete`` deletes it,
                           ``/entries/ID/rename`` (``name=…``) renames it, ``/entries/ID/merge``
                           merges it into another one (``into=…``, its id)
POST ``/items``            the bookkeeper makes an item: ``name=…``, ``parent=…`` (a full name, or
                           nothing); ``/classes`` a class: ``name=…``
POST ``/preferences``      the bookkeeper sets preferences: ``IsUsingEstimates=false`` …
========================== =====================================================================
"""

from __future__ import annotations

import dataclasses
from decimal import Decimal, InvalidOperation
from http.server import ThreadingHTTPServer
from typing import Any

from sandbox import own_page
from sandbox.own_page import BadRequest, truth
from sandbox.quickbooks.page import page
from sandbox.quickbooks.polling import Poller, Session
from sandbox.quickbooks.web_connector import QUICKBOOKS


class Control:
    """What the requests do, without HTTP."""

    def __init__(self, poller: Poller) -> None:
        self.poller = poller

    def page(self) -> str:
        """The page for people, as HTML."""
        return page(self.poller)

    def get(self, path: str) -> Any:
        """What a GET of a path answers as JSON."""
        company = self.poller.connector.company_file
        match path:
            case "/orders":
                return [dataclasses.asdict(order) for order in company.purchase_orders()]
            case "/estimates":
                return [dataclasses.asdict(each) for each in company.estimates()]
            case "/bills":
                return [dataclasses.asdict(each) for each in company.bills()]
            case "/log":
                return [session_json(each) for each in self.poller.sessions]
            case "/faults":
                return self.poller.connector.faults.as_dict()
        raise BadRequest(f"There is nothing at {path}.", 404)

    def post(self, path: str, values: dict[str, Any]) -> Any:
        """Do what a POST to a path asks, and what it answers as JSON."""
        faults = self.poller.connector.faults
        match path.strip("/").split("/"):
            case ["sync"]:
                session = self.poller.sync()
                return session_json(session) if session else {"outcome": "still running"}
            case ["faults"]:
                try:
                    faults.set(values)
                except ValueError as error:
                    raise BadRequest(str(error)) from None
                return faults.as_dict()
            case ["orders", txn_id, "edit"]:
                return self._by_hand("edit_order", txn_id, **values)
            case ["orders", txn_id, "delete"]:
                return self._by_hand("delete_order", txn_id)
            case ["lines", txn_id, line]:
                return self._by_hand("edit_line", txn_id, line, **_amounts(values))
            case ["lines", txn_id, line, "delete"]:
                return self._by_hand("delete_line", txn_id, line)
            case ["bills"]:
                return self._by_hand("enter_bill", **_amounts(values))
            case ["entries", list_id]:
                return self._by_hand("set_active", list_id, active=truth(values.get("active")))
            case ["entries", list_id, "delete"]:
                return self._by_hand("delete_entry", list_id)
            case ["entries", list_id, "rename"]:
                return self._by_hand("rename", list_id, **values)
            case ["entries", list_id, "merge"]:
                return self._by_hand("merge", list_id, **values)
            case ["items"]:
                return self._made("Item", **values)
            case ["classes"]:
                return self._made("Class", **values)
            case ["preferences"]:
                for name, value in values.items():
                    self._by_hand("set_preference", name, truth(value))
                return {"done": True}
        raise BadRequest(f"There is nothing at {path}.", 404)

    def _made(self, kind: str, name: str = "", parent: str = "") -> dict[str, bool]:
        company = self.poller.connector.company_file
        try:
            above = company.list_id(kind, parent) if parent else None
            if kind == "Item":
                company.add_item(name.strip(), above)
            else:
                company.add_class(name.strip(), above)
        except (KeyError, ValueError) as error:
            raise BadRequest(str(error.args[0])) from None
        return {"done": True}

    def _by_hand(self, verb: str, *args: Any, **values: Any) -> dict[str, bool]:
        try:
            getattr(self.poller.connector.company_file.by_hand, verb)(*args, **values)
        except (KeyError, TypeError) as error:
            raise BadRequest(str(error.args[0]), 404) from None
        except ValueError as error:
            raise BadRequest(str(error)) from None
        return {"done": True}


def _amounts(values: dict[str, Any]) -> dict[str, Any]:
    """The values with the amount as a number."""
    try:
        amount = {"amount": Decimal(str(values["amount"]))} if "amount" in values else {}
    except InvalidOperation:
        raise BadRequest(f"{values['amount']} is no amount.") from None
    return {**values, **amount}


def session_json(session: Session) -> dict[str, Any]:
    """A session for the log: outcome, calls, and each request to QuickBooks with its answer.

    Tickets are left out."""
    result = session.result
    return {
        "number": session.number,
        "started": session.started.isoformat(timespec="seconds"),
        "ended": session.ended.isoformat(timespec="seconds"),
        "outcome": result.outcome,
        "message": result.message,
        "refusals": result.refusals,
        "calls": [step.name for step in result.steps if step.name != QUICKBOOKS],
        "requests": [
            {"request": request, "answer": answer}
            for request, answer in zip(result.requests, result.answers, strict=True)
        ],
    }


def serve(poller: Poller, port: int) -> ThreadingHTTPServer:
    """A server for `poller`; see `own_page.serve`."""
    return own_page.serve(Control(poller), port)
