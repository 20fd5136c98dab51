"""The one connection of a company to its ERP, and every word that was exchanged over it."""

from connectors.models.connection import (
    CALLING,
    CALLS_EVERY,
    INTERVALS_KEPT,
    Connection,
    Guesses,
    Reading,
    Renewal,
)
from connectors.models.lane import (
    ABOUT_ITEMS,
    Conversation,
    Exchange,
    Lane,
    Message,
    NextPlace,
    ReplyPart,
    Session,
)
from connectors.models.records import Known, UsedNumber

__all__ = [
    "ABOUT_ITEMS",
    "CALLING",
    "CALLS_EVERY",
    "INTERVALS_KEPT",
    "Connection",
    "Conversation",
    "Exchange",
    "Guesses",
    "Known",
    "Lane",
    "Message",
    "NextPlace",
    "Reading",
    "Renewal",
    "ReplyPart",
    "Session",
    "UsedNumber",
]
