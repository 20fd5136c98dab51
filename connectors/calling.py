"""Calling an ERP: a worker serves one lane, one call at a time, for a while.

The other half of the Web Connector's door: there the ERP asks us, here we call it. Both drive the
same functions of the engine, so both keep the same promises. No transaction is open while the ERP
is called, and no credential is ever stored with a message.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from django.db import Error, close_old_connections
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from connectors import engine
from connectors.contract import Call, ErpError, Query
from connectors.models import Connection, Conversation, Message, Session
from connectors.outside import Answer, Line, NoAnswer, NotReached
from connectors.pulse import LEASE, Pulse
from connectors.querying import ask
from connectors.registry import called
from connectors.replies import Spool
from connectors.secrets import Locked
from connectors.signing_in import Credentials, as_reply
from connectors.visits import seen, sum_up, went_wrong
from directory.away import GONE
from directory.compiled import CompiledQuery

log = logging.getLogger(__name__)
T = TypeVar("T")

KNOWN_FOR = 1.0  # seconds for which the lane is taken for ours without asking
LOOKED_EVERY = 5.0  # seconds after which it is looked whether the connection was changed
# What an ERP says that did nothing with a call, and how often it is asked again at once.
TOO_MUCH, AWAY, UNKNOWN_TOKEN = 429, 503, 401
MOST_REPEATS, FIRST_WAIT, LONGEST_WAIT = 4, 1.0, 30.0  # seconds
NOTED_EVERY = 30.0
DATABASE_AWAY = (1, 5, 20)  # seconds between tries to keep what is in hand
NO_CALL = (
    "ERP Bridge could not make a call of this. Nothing was sent. Look at the credentials and "
    "settings on the Connection page; whoever runs this installation finds more in its log."
)
WITHOUT_DATABASE = (
    "ERP Bridge lost its own database for a moment before it made this call, so nothing was sent."
)
TOLD_TO_END = "The worker was told to end before it made this call, so nothing was sent."
CHANGED = (
    "The connection was changed before this call was made, so nothing was sent. It goes on as it "
    "is set up now."
)


def _never() -> bool:
    return False


def serve(
    connection_id: int,
    *,
    until: Callable[[], bool] = _never,
    stopping: Callable[[], bool] = _never,
) -> bool:
    """Do what is due in the lane of an ERP that we call. Returns whether some of it is left.

    Another worker that holds the lane keeps it. `until` ends this turn between two documents,
    `stopping` between two calls: what was confirmed of the document in hand stands, and whoever
    comes next goes on with it.
    """
    connection = _CONNECTION.first(connection_id)
    if connection is None or not is_called(connection):
        return False
    if not _DUE.rows(connection_id):
        return False
    session = engine.open_session(connection_id, lease=LEASE)
    if isinstance(session, engine.Silence):
        return False
    session.scripts = {}
    try:
        went_well = _visit(connection, session, until, stopping)
        engine.close_session(session)
    except engine.SessionOver:
        log.warning("Another worker took the lane of connection %s", connection_id)
        return False
    sum_up(session)
    return went_well and bool(_DUE.rows(connection_id))


_CONNECTION = CompiledQuery(lambda pk: Connection.objects.filter(pk=pk), int)
_DUE = CompiledQuery(lambda pk: engine.due().filter(connection=pk).values("pk")[:1], int)


def is_called(connection: Connection) -> bool:
    """Whether we call this ERP, and it does not ask us."""
    return connection.erp in called()


def idle_lanes() -> QuerySet[Connection]:
    """Connections that we call, with something due and no living worker at it."""
    held = Session.objects.filter(
        connection=OuterRef("pk"), ended_at=None, last_seen_at__gt=Now() - LEASE
    )
    work = engine.due().filter(connection=OuterRef("pk"))
    return Connection.objects.filter(Exists(work), ~Exists(held), erp__in=called())


def _visit(
    connection: Connection,
    session: Session,
    until: Callable[[], bool],
    stopping: Callable[[], bool],
) -> bool:
    """One turn at the lane; False where the ERP could not be spoken to. Raises SessionOver."""

    def goes_on() -> bool:
        return not stopping() and not until()

    try:
        caller = _Caller(connection, session, stopping)
    except (Locked, ValueError) as error:
        went_wrong(session, str(error))
        return False
    with caller.line, caller.pulse:
        while not (stopping() or caller.is_of_before):
            caller.heard()
            message = insist(lambda: engine.next_message(session))
            if message is None:
                break
            while message is not None:
                try:
                    message = caller.speak(message, goes_on)
                except _NotSpokenTo:
                    return False
            if until() and not _is_at_it(session):
                break
    return True


def _is_at_it(session: Session) -> bool:
    """Whether a document was begun and has not come to its end."""
    return Conversation.objects.filter(session=session, state=Conversation.State.OPEN).exists()


class _Caller:
    """Who speaks to one ERP in one session: the line, the credentials, and the token, if any."""

    def __init__(
        self, connection: Connection, session: Session, stopping: Callable[[], bool]
    ) -> None:
        """Raises Locked, and ValueError where the address may not be called."""
        self.connection = connection
        self.session = session
        self.stopping = stopping
        self.us = Credentials(connection)
        self.line = Line(connection.address, connection.company_id)
        self.pulse = Pulse(session)
        self.noted_until = 0.0
        self.looked_until = time.monotonic() + LOOKED_EVERY
        self.is_of_before = False  # what the ERP is called with is not what is kept now
        self.heard()
        self.hidden: list[str] = []  # what must not be kept, should the ERP repeat it

    def heard(self) -> None:
        """Whether the lane is ours is asked at this moment."""
        self.heard_at = time.monotonic()
        self.pulse.moved()

    def speak(self, message: Message, goes_on: Callable[[], bool]) -> Message | None:
        """Carry a message to the ERP and its answer back to the engine; what goes out next, if it
        `goes_on` and that is known at once. Raises SessionOver, and _NotSpokenTo."""
        try:
            answer = self._answer(message)
        except (NotReached, ErpError, *GONE) as error:
            # The database is asked before a call is made, and not while it is.
            why = WITHOUT_DATABASE if isinstance(error, GONE) else str(error)
            insist(lambda: engine.unsent(self.session, why))
            went_wrong(self.session, why)
            raise _NotSpokenTo from error
        except NoAnswer as error:
            why = str(error)
            insist(lambda: engine.fail_message(self.session, why))
            went_wrong(self.session, why)
            raise _NotSpokenTo from error
        except _Unfit as error:
            why = str(error)
            insist(lambda: engine.unsent(self.session, why, counts=True))
            return None
        except _ToldToEnd as error:
            why = str(error)
            insist(lambda: engine.unsent(self.session, why))
            return None
        if isinstance(answer, Answer):
            self._note()
        reply = as_reply(answer, self.hidden)
        self.heard()
        following = None
        if goes_on():
            following = insist(lambda: engine.exchange(self.session, message, reply))
        else:
            insist(lambda: engine.receive(self.session, reply))
        if isinstance(reply, Spool):
            reply.close()
        return following

    def _note(self) -> None:
        """The ERP was heard of. Not with every call: nobody reads it to the second. An answer is
        in hand that is not kept yet, so a database that is away is left alone."""
        if time.monotonic() < self.noted_until:
            return
        self.noted_until = time.monotonic() + NOTED_EVERY
        try:
            seen(self.connection)
            Connection.objects.filter(pk=self.connection.pk, first_seen_at=None).update(
                first_seen_at=Now()
            )
        except Error:
            log.warning("That the ERP was heard of could not be noted")

    def _answer(self, message: Message) -> Answer | str:
        """The answer to a message; asked again where the ERP says that it did nothing with it. A
        database beside the ERP gives the reply itself.

        Raises NotReached, ErpError, GONE, _Unfit or _ToldToEnd before anything was sent, else
        NoAnswer.
        """
        if (query := self._query(message)) is not None:
            return ask(query, self.connection.company_id)
        waits = _waits()
        fresh_token = True
        while True:
            call = self._call(message)
            self.line.connect()
            self._be_there()
            try:
                answer = self.line.call(call)
            except ValueError:
                raise _Unfit(NO_CALL) from None
            if answer.status == UNKNOWN_TOKEN and self.us.token and fresh_token:
                self.us.token, fresh_token = "", False
                continue
            wait = next(waits, None)
            if wait is None or not _did_nothing(answer, message):
                return answer
            if not self._wait(_asked_to_wait(answer, wait)):
                return answer

    def _query(self, message: Message) -> Query | None:
        """What goes to the database beside the ERP. Raises _Unfit where there is none to ask, and
        what `_be_there` raises."""
        try:
            query = self.us.erp.query(message.body, self.us.site())
        except Exception:
            log.exception("Message %s cannot be asked", message.pk)
            raise _Unfit(NO_CALL) from None
        if query is not None:
            self.hidden = self.us.hidden()
            self._be_there()
        return query

    def _call(self, message: Message) -> Call:
        """Raises ErpError and NotReached where there is no token, _Unfit where there is no call,
        and GONE."""
        try:
            self.us.be_known(self.line)
            call = self.us.erp.call(message.body, self.us.site())
        except (NotReached, ErpError, *GONE):
            raise
        except NoAnswer as error:  # the message itself has not gone out
            raise NotReached(str(error)) from None
        except Exception:
            log.exception("Message %s cannot be sent", message.pk)
            raise _Unfit(NO_CALL) from None
        self.hidden = self.us.hidden(call)
        return call

    def _be_there(self) -> None:
        """Right before a call: see that nobody has told us to end, that the connection is as it
        was, and that the lane is ours yet, unless that is just known. Whoever stood still for
        longer than the lease sends nothing more. Raises _ToldToEnd and SessionOver."""
        if self.stopping():
            raise _ToldToEnd(TOLD_TO_END)
        if time.monotonic() >= self.looked_until:
            self.looked_until = time.monotonic() + LOOKED_EVERY
            self.is_of_before = _is_changed(self.connection)
        if self.is_of_before:
            raise _ToldToEnd(CHANGED)
        if time.monotonic() - self.heard_at > KNOWN_FOR:
            self.heard()
            engine.still_here(self.session)

    def _wait(self, seconds: float) -> bool:
        """Let so many seconds go by; False where there is no time for it."""
        ends = time.monotonic() + seconds
        if seconds > LONGEST_WAIT:
            return False
        while (left := ends - time.monotonic()) > 0:
            if self.stopping():
                return False
            time.sleep(min(left, 0.5))
        return True


def insist(do: Callable[[], T]) -> T:
    """Do what has to be done now, also where the database is away for a moment: an answer cannot be
    had again, and what was stored to go out, unheard, would look as if it had gone. Done twice, it
    must be as if done once."""
    for pause in DATABASE_AWAY:
        try:
            return do()
        except GONE:
            log.warning("A worker waits for the database")
            time.sleep(pause)
            close_old_connections()
    return do()


class _NotSpokenTo(Exception):
    """The ERP could not be spoken to, so that there is no use in going on."""


class _Unfit(Exception):
    """A stored message of which no call can be made."""


class _ToldToEnd(Exception):
    """The worker makes no more calls; why."""


def _is_changed(connection: Connection) -> bool:
    """Whether the ERP is to be called elsewhere, otherwise or as somebody else by now."""
    now = _CONNECTION.first(connection.pk)
    was = (connection.address, connection.sealed, connection.settings)
    return now is None or (now.address, now.sealed, now.settings) != was


def _did_nothing(answer: Answer, message: Message) -> bool:
    """Whether the ERP says that it has not even looked at a call.

    A 503 may come from something between it and us that gave up waiting, also one that says when to
    come again (Varnish says so by itself): of a write, it is not believed.
    """
    return answer.status == TOO_MUCH or (answer.status == AWAY and not message.writes)


def _waits() -> Iterator[float]:
    """Seconds before each repeat: longer each time, and never the same for two workers."""
    for repeat in range(MOST_REPEATS):
        yield FIRST_WAIT * 2**repeat * random.uniform(0.5, 1.5)  # noqa: S311


def _asked_to_wait(answer: Answer, otherwise: float) -> float:
    """What the ERP asked for in seconds; a date is as good as nothing said."""
    return float(answer.retry_after) if answer.retry_after.isdecimal() else otherwise
