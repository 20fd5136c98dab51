"""How a conversation can end, and who is told.

The layer above registers one object per purpose. The engine calls it inside its own transaction,
so it only writes rows; connectors know nothing of approvals.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from connectors.contract import CannotTell, Refused
from connectors.models import Conversation


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a script: what it returned, or the ERP's refusal, or its doubt.

    `between`: it was given up between two writes, and every one that went out was confirmed.
    """

    conversation: Conversation
    value: Any = None
    error: Refused | CannotTell | None = None
    between: bool = False


class Purpose(Protocol):
    """What a conversation is for. Subjects are ids as text."""

    def lock(self, conversations: Sequence[Conversation]) -> None:
        """Lock every row that the other functions will change, before any of them is called.

        What was read with the lock may be kept in `held` of each conversation for them.
        """

    def begin(self, conversations: Sequence[Conversation]) -> Mapping[str, str | None]:
        """Subject -> the frozen input of its script as JSON, or None: not to be begun.

        All are of one connection, and theirs was read after `lock`.
        """

    def put_back(self, conversations: Sequence[Conversation]) -> None:
        """Nothing was written; they will be begun again."""

    def lost(self, conversations: Sequence[Conversation]) -> None:
        """A write went out and no answer came. The engine will look for it (`find`)."""

    def settle(self, outcomes: Sequence[Outcome]) -> None:
        """The scripts ended."""


_purposes: dict[str, Purpose] = {}


def register(name: str, purpose: Purpose) -> None:
    """Make `purpose` the one that conversations of that name belong to."""
    _purposes[name] = purpose


def by_purpose(
    conversations: Iterable[Conversation],
) -> list[tuple[Purpose, list[Conversation]]]:
    """The conversations of each purpose, in their order. One object may serve several names."""
    groups: dict[int, tuple[Purpose, list[Conversation]]] = {}
    for conversation in conversations:
        purpose = _purposes[conversation.purpose]
        groups.setdefault(id(purpose), (purpose, []))[1].append(conversation)
    return list(groups.values())


def lock(conversations: Iterable[Conversation]) -> None:
    """Lock all that these conversations may change, in one go; again after a savepoint was rolled
    back, for what is held in memory is then no longer what is stored."""
    for purpose, group in by_purpose(conversations):
        purpose.lock(group)
