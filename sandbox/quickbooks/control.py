"""The page and the small interface of the demo process: what "QuickBooks" holds, and its faults.

It listens on this machine only and answers only requests that name this machine and come from its
own page, so that no website in the same browser can reach it.

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
                           ``active=false``; ``/entries/ID/delete`` deletes it
POST ``/items``            the bookkeeper makes an item: ``name=…``, ``parent=…`` (a full name, or
                           nothing); ``/classes`` a class: ``name=…``
POST ``/preferences``      the bookkeeper sets preferences: ``IsUsingEstimates=false`` …
========================== =====================================================================
"""

from __future__ import annotations

import dataclasses
import json
from decimal import Decimal, InvalidOperation
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sandbox.quickbooks.page import page
from sandbox.quickbooks.polling import Poller, Session
from sandbox.quickbooks.web_connector import QUICKBOOKS

ADDRESS = "127.0.0.1"
LONGEST_BODY = 100_000
PORTS_TRIED = 50


class BadRequest(Exception):
    """A request that cannot be taken, and why."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class Control:
    """What the requests do, without HTTP."""

    def __init__(self, poller: Poller) -> None:
        self.poller = poller

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
                return self._by_hand("set_active", list_id, active=_truth(values.get("active")))
            case ["entries", list_id, "delete"]:
                return self._by_hand("delete_entry", list_id)
            case ["items"]:
                return self._made("Item", **values)
            case ["classes"]:
                return self._made("Class", **values)
            case ["preferences"]:
                for name, value in values.items():
                    self._by_hand("set_preference", name, _truth(value))
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


def _truth(value: Any) -> Any:
    return {"true": True, "false": False}.get(str(value).lower(), value)


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


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    control: Control

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def _answer(self, method: str) -> None:
        try:
            self._only_from_here()
            path = urlsplit(self.path).path
            if method == "POST":
                answer = self.control.post(path, self._values())
                if self.headers.get_content_type() == "application/x-www-form-urlencoded":
                    return self._send(303, b"", location="/")
            elif path == "/":
                return self._send(200, page(self.control.poller).encode(), kind="text/html")
            else:
                answer = self.control.get(path)
        except BadRequest as error:
            self.close_connection = True
            return self._send(error.status, json.dumps({"error": str(error)}).encode())
        return self._send(200, json.dumps(answer, default=_plain, indent=1).encode())

    def _only_from_here(self) -> None:
        host = self.headers.get("Host", "")
        if host.rpartition(":")[0] not in (ADDRESS, "localhost"):
            raise BadRequest("This page is for this machine only.", 403)
        if self.headers.get("Origin") not in (None, f"http://{host}"):
            raise BadRequest("Only the page itself may do that.", 403)

    def _values(self) -> dict[str, Any]:
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 <= length <= LONGEST_BODY:
            raise BadRequest("The request is too long.", 413)
        text = self.rfile.read(length).decode("utf-8", "replace")
        if self.headers.get_content_type() != "application/json":
            return dict(parse_qsl(text, keep_blank_values=True))
        try:
            values = json.loads(text)
        except ValueError:
            values = None
        if not isinstance(values, dict):
            raise BadRequest("The request is not a JSON object.")
        return values

    def _send(
        self, status: int, body: bytes, *, kind: str = "application/json", location: str = ""
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Frame-Options", "DENY")
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged: the page asks every few seconds."""


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{value!r} cannot be written as JSON")


def serve(poller: Poller, port: int) -> ThreadingHTTPServer:
    """A server for `poller` on a port of this machine, not yet serving; the next free port when
    this one is taken, any free one for port 0."""
    handler = type("Handler", (_Handler,), {"control": Control(poller)})
    last = port + PORTS_TRIED if port else 0
    while True:
        try:
            server = ThreadingHTTPServer((ADDRESS, port), handler)
        except OSError:
            if port >= last:
                raise
            port += 1
        else:
            server.daemon_threads = True
            return server
