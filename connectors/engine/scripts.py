"""Running a script up to its next question, from the answers that are stored.

A generator cannot be kept between two calls of the Web Connector, so it is started anew and fed
what it was answered before. It must ask the same again, byte for byte; if it does not, or if the
connector's code has changed since, the conversation cannot go on. A worker that makes one call
after the other keeps its scripts for as long as its session lasts: a long one need not be told
again from the beginning for each of its calls.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec
from django.db import transaction

from connectors.contract import (
    Absent,
    Again,
    Attempt,
    Busy,
    CannotTell,
    Connector,
    Document,
    Finding,
    Found,
    Receipt,
    Ref,
    Refused,
    Request,
    Script,
    Terms,
    Unclear,
    Unfinished,
    digest_of,
)
from connectors.engine.outcomes import Outcome
from connectors.models import Conversation, Exchange, Message
from connectors.replies import reply_of

KEY = 20  # characters of a conversation's key; each write may add three of its own
MOST_LOST = 5  # writes that are repeated without a person, where the ERP cannot be asked


class Export(msgspec.Struct, frozen=True):
    """The input of `export` and `find`, frozen when the conversation begins."""

    document: Document
    terms: Terms
    attempts: tuple[Attempt, ...] = ()
    asked: bool = False  # `Capabilities.can_ask`, as the conversation began

    def wrote(self) -> str:
        """A digest of what is written and where to."""
        return digest_of(self.document.canonical() + self.terms.canonical())


class Check(msgspec.Struct, frozen=True):
    """The input of `unlink` and `compare`: what was exported, and what the ERP confirmed."""

    document: Document
    terms: Terms
    receipt: Receipt
    asked: bool = False  # `Capabilities.can_ask`, as an `unlink` began
    now: Terms | None = None  # where it would go now, as a `compare` began


class Looking(msgspec.Struct, frozen=True):
    """The input of `look-up`: what could be there already, and under which number."""

    document: Document
    terms: Terms
    number: str


class Costs(msgspec.Struct, frozen=True):
    """The input of `costs`: whose costs are asked for."""

    job: Ref
    settings: dict[str, str] = {}


class Pull(msgspec.Struct, frozen=True):
    """The input of `pull`."""

    what: str
    cursor: str = ""
    since: str = ""


class SelfTest(msgspec.Struct, frozen=True):
    """The input of `self-test`: how many of each list are known to be there, and whether there are
    documents that can be asked about."""

    known: dict[str, int]
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """The script waits for the answer to this."""

    request: Request


@dataclass(frozen=True, slots=True)
class Back:
    """The ERP was busy; nothing was written."""

    why: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The script cannot go on: no answer where one was due, or it asked differently, or the ERP
    left it unfinished."""

    why: str


Next = Ask | Outcome | Back | Broken


def encode(value: Export | Check | Looking | Costs | Pull | SelfTest) -> str:
    """The input as it is stored with the conversation."""
    return msgspec.json.encode(value, order="sorted").decode()


def begin(connector: Connector, conversation: Conversation) -> Script[Any]:
    """The conversation's script, from its frozen input."""
    if conversation.purpose == "pull":
        pull = msgspec.json.decode(conversation.input, type=Pull)
        return connector.pull(pull.what, pull.cursor, pull.since)
    if conversation.purpose == "self-test":
        test = msgspec.json.decode(conversation.input, type=SelfTest)
        return connector.self_test(test.known, asked=test.asked)
    if conversation.purpose == "look-up":
        looking = msgspec.json.decode(conversation.input, type=Looking)
        return connector.look_up(looking.document, looking.terms, looking.number)
    if conversation.purpose == "costs":
        costs = msgspec.json.decode(conversation.input, type=Costs)
        return connector.job_costs(costs.job, costs.settings)
    if conversation.purpose == "compare":
        check = msgspec.json.decode(conversation.input, type=Check)
        return connector.compare(
            check.document, check.terms, check.receipt, check.now or check.terms
        )
    if conversation.purpose == "unlink":
        check = msgspec.json.decode(conversation.input, type=Check)
        return connector.still_there(check.document, check.terms, check.receipt, asked=check.asked)
    given = msgspec.json.decode(conversation.input, type=Export)
    if conversation.purpose == "find":
        return search(connector, given)
    return write_once(connector, given, conversation.key)


def search(connector: Connector, given: Export) -> Script[Finding]:
    """Look for what was lost, by ourselves: after a few repeats that came to nothing, a person is
    asked, whose retry gives it as many again."""
    finding = yield from _find(connector, given)
    lost = sum(attempt.outcome == "lost" for attempt in given.attempts)
    if isinstance(finding, Again) and lost and lost % MOST_LOST == 0:
        return Unclear(
            message=f"{connector.capabilities.short} gave no clear answer {lost} times, so ERP "
            "Bridge stopped trying by itself. Have whoever looks after it see whether it is "
            f"running, then retry. {finding.why}"
        )
    return finding


def _find(connector: Connector, given: Export) -> Script[Finding]:
    return connector.find(given.document, given.terms, given.attempts, asked=given.asked)


def write_once(connector: Connector, given: Export, key: str) -> Script[Receipt]:
    """Export a document that may have been tried before: look for it first, always.

    A write that was lost and never arrived goes out again under its own key where the ERP
    recognises the repeat, and if it is the same still; everywhere else under a new one (after a
    refusal, the ERP would answer the old key with the old refusal). What was confirmed of an
    earlier attempt is handed over as done. A refusal says nothing of earlier writes that nobody
    can ask about.
    """
    done = frozenset(one.asked for one in given.attempts if one.outcome == "passed")
    earlier, lost = "", frozenset[str]()
    if given.attempts:
        finding = yield from _find(connector, given)
        if isinstance(finding, Found):
            return finding.receipt
        if isinstance(finding, Unclear):
            raise CannotTell(finding.message)
        last = given.attempts[-1]
        silent = last.outcome in ("lost", "disowned")
        repeated = isinstance(finding, Absent | Again) and silent
        unchanged = last.wrote == given.wrote()
        if repeated and unchanged and connector.repeats_safely(given.document):
            key = last.key[:KEY]
        if isinstance(finding, Again):
            done |= finding.there
            unanswered = {one.asked for one in given.attempts if one.outcome == "lost"}
            lost = frozenset(unanswered - done)
            earlier = _told(done, lost, connector.capabilities.short)
    try:
        return (yield from connector.export(given.document, given.terms, key, done, lost))
    except Refused as error:
        if not earlier:
            raise
        raise CannotTell(
            f"{error.message} {earlier}",
            code=error.code,
            words=error.words,
        ) from None


def _told(done: frozenset[str], lost: frozenset[str], erp: str) -> str:
    """What people are told of earlier attempts beside a refusal; '' where nothing was written."""
    if lost:
        known = (
            f"But an earlier call was never answered, so part of it may be in {erp} all the same"
        )
    elif done:
        known = f"But part of it is in {erp}, as earlier calls of it were confirmed"
    else:
        return ""
    return (
        f"{known}. When that is mended, retry it: it goes on with what is not confirmed. To give "
        f"it up instead, remove what is there of it and record “It is not in {erp}”."
    )


@dataclass(frozen=True, slots=True)
class Waiting:
    """A script that waits for the answer to `request`, after those to the exchanges `fed`."""

    script: Script[Any]
    request: Request
    fed: list[Exchange]


def fed(scripts: Mapping[int, Waiting] | None, conversation: int) -> list[Exchange]:
    """What the script of a conversation was answered, where it waits in this process: none of that
    is loaded again."""
    waiting = scripts.get(conversation) if scripts else None
    return list(waiting.fed) if waiting else []


@dataclass(slots=True)
class Reader:
    """The answers of a session's messages, each message read once.

    `waiting`: the scripts of a session that stays in this process, by conversation.
    """

    connector: Connector
    waiting: dict[int, Waiting] | None = None
    _asked: dict[int, dict[str, Exchange]] = field(default_factory=dict)
    _read: dict[int, Mapping[str, Any]] = field(default_factory=dict)

    def expect(self, exchanges: Iterable[Exchange]) -> None:
        """The answers to these will be wanted."""
        for exchange in exchanges:
            asked = self._asked.setdefault(exchange.message_id, {})
            if exchange.request_id not in asked:
                asked[exchange.request_id] = exchange
                self._read.pop(exchange.message_id, None)

    def answers(self, message: Message) -> Mapping[str, Any]:
        """Request id -> answer, of what is expected. Raises ValueError if it cannot be read."""
        if message.pk not in self._read:
            expected = self._asked.get(message.pk, {})
            asked = {name: decode_request(one.request) for name, one in expected.items()}
            self._read[message.pk] = self.connector.unwrap(reply_of(message), asked)
        return self._read[message.pk]


def decode_request(text: str) -> Request:
    return msgspec.json.decode(text, type=Request)


def advance(
    connector: Connector, conversation: Conversation, exchanges: Sequence[Exchange], reader: Reader
) -> Next:
    """Run the script through all that it was answered, to its next question or its end."""
    waiting = _taken(reader, conversation.pk, exchanges)
    script = waiting.script if waiting else begin(connector, conversation)
    left = exchanges[len(waiting.fed) :] if waiting else exchanges
    reader.expect(left)
    try:
        request = waiting.request if waiting else next(script)
        for exchange in left:
            if request.canonical() != exchange.request:
                return Broken("The connector was changed while this was under way.")
            answers = reader.answers(exchange.message)
            if exchange.request_id not in answers:
                return Broken("The ERP's reply holds no answer to this.")
            request = script.send(answers[exchange.request_id])
    except StopIteration as end:
        return Outcome(conversation, value=end.value)
    except Busy as busy:
        return Back(busy.message)
    except Unfinished as unfinished:
        return Broken(str(unfinished))
    except (Refused, CannotTell) as error:
        return Outcome(conversation, error=error)
    known = [*(waiting.fed if waiting else ()), *map(_without_reply, left)]
    _keep_waiting(reader, conversation.pk, Waiting(script, request, known))
    return Ask(request)


def _without_reply(exchange: Exchange) -> Exchange:
    """As it is remembered. Its message, whose reply may be long, is loaded should it be needed."""
    return Exchange(
        pk=exchange.pk,
        conversation_id=exchange.conversation_id,
        position=exchange.position,
        message_id=exchange.message_id,
        request_id=exchange.request_id,
        request=exchange.request,
        record=exchange.record,
    )


def _taken(reader: Reader, conversation: int, fed: Sequence[Exchange]) -> Waiting | None:
    """The script as it waits in this process, if it was answered nothing but the first of `fed`.

    It is taken out: should the transaction be rolled back, it is begun anew.
    """
    waiting = reader.waiting.pop(conversation, None) if reader.waiting else None
    return waiting if waiting and waiting.fed == fed[: len(waiting.fed)] else None


def _keep_waiting(reader: Reader, conversation: int, waiting: Waiting) -> None:
    """Keep a script for the next answer, once what it was answered so far is stored for good."""
    scripts = reader.waiting
    if scripts is not None:
        transaction.on_commit(partial(scripts.__setitem__, conversation, waiting))
