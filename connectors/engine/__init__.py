"""Running scripts durably: whatever dies, whenever, nothing is written twice and nothing is lost.

A session holds the connection's lane. In it, `next_message` begins conversations in the order of
acceptance and stores what goes out before it goes; `receive` stores the answer and, in the same
transaction, what follows from it; `exchange` does both for whom nobody asks in between. They are
driven by a transport: the Web Connector asks us (`connectors.webconnector`), or a worker calls the
ERP (`connectors.calling`).

Locks, in this order: lane, what the purposes lock (exports by id), conversations, the history's
head, counters. A purpose locks all its rows before the first step of a transaction, and before a
conversation is changed: so do people who put one into the lane or take it out.
"""

from connectors.engine.answers import exchange, fail_message, receive, unsent
from connectors.engine.attempts import attempts_of, disown, is_unsettled, may_be_there
from connectors.engine.outcomes import Outcome, register
from connectors.engine.queue import due, is_writing, queue, queue_all, withdraw, withdraw_all
from connectors.engine.sessions import (
    SessionOver,
    Silence,
    alive,
    close_session,
    expire_sessions,
    idle_time,
    interrupt,
    lock_lane,
    open_session,
    still_here,
)
from connectors.engine.turns import next_message

__all__ = [
    "Outcome",
    "SessionOver",
    "Silence",
    "alive",
    "attempts_of",
    "close_session",
    "disown",
    "due",
    "exchange",
    "expire_sessions",
    "fail_message",
    "idle_time",
    "interrupt",
    "is_unsettled",
    "is_writing",
    "lock_lane",
    "may_be_there",
    "next_message",
    "open_session",
    "queue",
    "queue_all",
    "receive",
    "register",
    "still_here",
    "unsent",
    "withdraw",
    "withdraw_all",
]
