"""The door for the QuickBooks Web Connector: eight SOAP operations, none of which ever raises.

It asks us; we answer from what is stored. Outside session and CSRF: what it shows is the user
name and password of its connection, then a ticket.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import IO

from django.conf import settings
from django.db import connection as database
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from connectors import engine
from connectors.contract import Refused
from connectors.models import Connection, Session
from connectors.passwords import KNOCKED_AT, count_guess, password_digest
from connectors.quickbooks import errors, soap, wsdl
from connectors.registry import connector_for
from connectors.replies import Spool
from connectors.visits import seen, sum_up, went_wrong
from directory.compiled import CompiledQuery

log = logging.getLogger(__name__)

Result = str | int | list[str]
PIECE = 1 << 16
LONGEST_SECONDS = 300  # for a message to come in


@csrf_exempt
def endpoint(request: HttpRequest, connection_id: int) -> HttpResponse:
    """GET: our WSDL. POST: one call of the Web Connector."""
    if request.method == "GET":
        return HttpResponse(wsdl.text(_address(connection_id)), content_type=soap.CONTENT_TYPE)
    if request.method != "POST":
        return HttpResponse("Only GET and POST are understood here.", status=405)
    caller = _Caller(connection_id, request)
    try:
        call = soap.read(_pieces(request), caller.sink_for)
        answer = _OPERATIONS[call.operation](caller, call)
    except soap.TooLarge as error:
        caller.give_up(str(error))
        return _fault(str(error), 413)
    except soap.BadSoap as error:
        return _fault(str(error), 400)
    except _NotTaken as error:
        return _fault(str(error), error.status)
    except Exception:
        log.exception("A call of the Web Connector at connection %s failed", connection_id)
        return _fault(
            "ERP Bridge could not do this; its operator finds out why in its log. Nothing is lost: "
            "the next update goes on from here.",
            500,
        )
    finally:
        caller.close()
    return HttpResponse(soap.result(call.operation, answer), content_type=soap.CONTENT_TYPE)


def _fault(sentence: str, status: int) -> HttpResponse:
    fault = soap.fault(sentence, client=status < 500)
    return HttpResponse(fault, status=status, content_type=soap.CONTENT_TYPE)


class _Caller:
    """Who calls, as far as it is known, and QuickBooks' answer if the call brings one."""

    def __init__(self, connection_id: int, request: HttpRequest) -> None:
        self.connection_id = connection_id
        self.address = request.META.get("REMOTE_ADDR", "")[:45]
        self.announced = _announced(request) or 0
        self.session: Session | None = None
        self.reply: Spool | None = None

    def sink_for(self, ticket: str) -> Spool | None:
        """Where an answer goes that comes with this ticket: a stranger's goes nowhere.

        Raises soap.TooLarge where it is known to become too long.
        """
        self.session = self.any_session(ticket)
        soap.refuse_too_large(self.announced, known=self.session is not None)
        self.reply = Spool() if self.session else None
        return self.reply

    def give_up(self, why: str) -> None:
        """QuickBooks' answer is not taken: what it is about is told so, and not asked for ever."""
        if self.session is not None and self.session.ended_at is None:
            went_wrong(self.session, why)
            with suppress(engine.SessionOver):
                engine.fail_message(self.session, why)

    def close(self) -> None:
        """Let go of the answer: what was wanted of it is stored."""
        if self.reply:
            self.reply.close()

    def any_session(self, ticket: str) -> Session | None:
        """The session of the ticket at this connection, ended or not."""
        if self.session is None and ticket:
            self.session = _OF_TICKET.first(_digest(ticket), self.connection_id)
        return self.session

    def living(self, ticket: str) -> Session | None:
        """The same, unless it has ended."""
        session = self.any_session(ticket)
        return session if session and session.ended_at is None else None


class Door:
    """Middleware: the Web Connector's calls go to their view at once. Sessions, forms and the
    policies of pages are not for it, and ten thousand offices call every minute."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        ours = _ADDRESS.fullmatch(request.path_info)
        if ours is None:
            return self.get_response(request)
        response = endpoint(request, int(ours[1]))
        response.headers["Content-Length"] = str(len(response.content))
        response.headers["Content-Security-Policy"] = _POLICY
        return response


_ADDRESS = re.compile(r"/qbwc/([0-9]{1,18})/")
_POLICY = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"


class _NotTaken(Exception):
    """A message that is not read, or not to its end: why, and the status of HTTP that says so."""

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status


def _announced(request: HttpRequest) -> int | None:
    """How many bytes the message says that it has."""
    length = request.META.get("CONTENT_LENGTH") or ""
    return int(length) if length.isdecimal() else None


def _pieces(request: HttpRequest) -> Iterator[bytes]:
    """The body; of a chunked one, too, where the web server tells its end."""
    body: HttpRequest | IO[bytes]
    if _announced(request) is not None:
        body = request
    elif request.META.get("wsgi.input_terminated"):
        body = request.META["wsgi.input"]
    else:
        raise _NotTaken("The message does not say how long it is (Content-Length).", 411)
    too_late = time.monotonic() + LONGEST_SECONDS
    while piece := body.read(PIECE):
        if time.monotonic() > too_late:
            raise _NotTaken(f"The message did not come within {LONGEST_SECONDS} seconds.", 408)
        yield piece


def _address(connection_id: int) -> str:
    return f"{settings.BASE_URL}/qbwc/{connection_id}/"


# --- The operations, in the order in which they come -------------------------------------------


def _server_version(_caller: _Caller, _call: soap.Call) -> Result:
    return "ERP Bridge 1"


def _client_version(_caller: _Caller, _call: soap.Call) -> Result:
    return ""  # every version will do


def _authenticate(caller: _Caller, call: soap.Call) -> Result:
    """Who is it, and is there anything to do? Cheap: asked every few minutes by every customer."""
    connection = KNOCKED_AT.first(caller.connection_id, caller.address)
    user = call.texts["strUserName"].encode()
    if connection is None or connection.user_name is None:  # none, or an ERP that we call
        return ["", "nvu"]
    if not hmac.compare_digest(connection.user_name.encode(), user):
        return ["", "nvu"]
    if connection.is_guessed_at:  # type: ignore[attr-defined]
        return ["", "nvu"]
    digest = password_digest(call.texts["strPassword"])
    if not hmac.compare_digest(connection.password_digest, digest):
        count_guess(connection, caller.address)
        log.warning("A Web Connector with a wrong password at connection %s", connection.pk)
        return ["", "nvu"]
    seen(connection)
    if not connection.has_work:  # type: ignore[attr-defined]
        return ["", "none"]
    ticket = secrets.token_hex(32)
    session = engine.open_session(connection.pk, _digest(ticket))
    if isinstance(session, engine.Silence):
        return ["", "busy"]
    return [ticket, ""]


def _send_request(caller: _Caller, call: soap.Call) -> Result:
    """What QuickBooks is to be asked next; '' sends the Web Connector to getLastError."""
    session = caller.living(call.texts["ticket"])
    if session is None:
        return ""
    greeting = call.texts["strHCPResponse"]  # comes with the first call; another tells of a change
    if (greeting or not session.greeted) and not greet(session, greeting):
        return ""
    try:
        message = engine.next_message(session)
    except engine.SessionOver:
        return ""
    return message.body if message else ""


def greet(session: Session, greeting: str) -> bool:
    """Read what QuickBooks says of itself; nothing is sent into another company file."""
    [connection] = _CONNECTION.all(session.connection_id)
    try:
        hello = connector_for(connection.erp).hello(greeting)
        ours = connection.company_file.lower()
        stranger = hello.company_file.lower() != ours
        if stranger and (hello.company_file or connection.first_seen_at is not None):
            raise Refused(
                f"The company file that is open in QuickBooks ({hello.company}) is not the one "
                f"that {connection.company} is connected to ({connection.erp_company or 'new'}). "
                "Nothing was sent. Open the right company file, or use the .qwc file that belongs "
                "to this one."
            )
    except Refused as refused:
        went_wrong(session, refused.message)
        Session.objects.filter(pk=session.pk, greeted=True).update(greeted=False)
        return False
    with database.cursor() as cursor:
        cursor.execute(
            """
            WITH greeted AS (
                UPDATE connectors_session
                SET greeted = true, last_seen_at = statement_timestamp() WHERE id = %s
            )
            UPDATE connectors_connection
            SET erp_company = %s, erp_version = %s, facts = %s::jsonb,
                first_seen_at = coalesce(first_seen_at, statement_timestamp()) WHERE id = %s
            """,
            [session.pk, hello.company, hello.version, json.dumps(hello.facts), connection.pk],
        )
    return True


def _receive_response(caller: _Caller, call: soap.Call) -> Result:
    """QuickBooks' answer. 0 to 99: go on; 100: nothing is left; below 0: getLastError."""
    session = caller.any_session(call.texts["ticket"])
    if session is None:
        return -1
    try:
        if call.texts["hresult"]:
            words = _unreachable(call)
            went_wrong(session, words)
            engine.fail_message(session, words)
            return -1
        return engine.receive(
            session, caller.reply.reply() if caller.reply else call.texts["response"]
        )
    except engine.SessionOver:
        return -1


def _connection_error(caller: _Caller, call: soap.Call) -> Result:
    """QuickBooks could not be opened. 'done': try again at the next visit."""
    session = caller.living(call.texts["ticket"])
    if session is not None:
        went_wrong(session, _unreachable(call))
        engine.close_session(session)
        sum_up(session)
    return "done"


def _unreachable(call: soap.Call) -> str:
    """Our sentence on what Windows said of QuickBooks, and its own words."""
    told = errors.unreachable(call.texts["hresult"], call.texts["message"])
    return f"{told.message} ({told.words} {told.code})"


def _last_error(caller: _Caller, call: soap.Call) -> Result:
    session = caller.any_session(call.texts["ticket"])
    if session is None:
        return "This session is not known. Run the Web Connector again."
    if session.error:
        return session.error
    if session.ended_at is not None:
        return "This session has ended; another one may have begun. Run the Web Connector again."
    return "Nothing is left to do."


def _close(caller: _Caller, call: soap.Call) -> Result:
    session = caller.any_session(call.texts["ticket"])
    if session is None:
        return "OK"
    engine.close_session(session)
    return sum_up(session)


_OPERATIONS = {
    "serverVersion": _server_version,
    "clientVersion": _client_version,
    "authenticate": _authenticate,
    "sendRequestXML": _send_request,
    "receiveResponseXML": _receive_response,
    "connectionError": _connection_error,
    "getLastError": _last_error,
    "closeConnection": _close,
}


# --- Tickets -----------------------------------------------------------------------------------


def _digest(ticket: str) -> str:
    return hashlib.sha256(ticket.encode()).hexdigest()


_CONNECTION = CompiledQuery(lambda pk: Connection.objects.filter(pk=pk), int)
_OF_TICKET = CompiledQuery(
    lambda digest, connection: Session.objects.filter(
        ticket_digest=digest, connection_id=connection
    ),
    str,
    int,
)
