"""Talking to an ERP: requests, scripts that yield them, and the errors that end a script."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any, Protocol, TypeVar

from connectors.contract.documents import Frozen

T = TypeVar("T")


class Request(Frozen, frozen=True, kw_only=True):
    """One question or order to the ERP, in its words, not yet wrapped for the wire.

    `body` is the request itself ('' for a check of an earlier attempt). What `writes` travels
    alone under its `key`, and so does a `check` of that key. A conversation may write several
    times: each write has the conversation's key and up to three characters of its own, so that the
    same call of the same document has the same key. `record` names the ERP record that is read or
    written: a question about a record that an answer of this session already holds is answered from
    there, unless it must be `fresh`.
    """

    body: str
    writes: bool = False
    check: bool = False
    key: str = ""
    record: str = ""
    fresh: bool = False

    @property
    def alone(self) -> bool:
        return self.writes or self.check


Script = Generator[Request, Any, T]


class Pieces(Protocol):
    """A long reply of an ERP: it is never held whole, and can be read as often as is needed."""

    def read(self, start: int = 0) -> Iterator[bytes]:
        """Its text as UTF-8 from that byte on, in pieces of bounded size."""


Reply = str | Pieces  # whole where it is short


class ErpError(Exception):
    """An answer that ends a script. The message is shown to people as it is."""

    def __init__(self, message: str, *, code: str = "", words: str = "") -> None:
        """`message`: what happened, what it means, what to do. `code`, `words`: the ERP's own."""
        super().__init__(message)
        self.message = message
        self.code = code
        self.words = words


class Busy(ErpError):
    """Nothing at all was written by this conversation; the same may work later."""


class Refused(ErpError):
    """The ERP read it and said no; nothing was written."""


class Unfinished(ErpError):
    """Part was written or may have been, and `find` can decide later how it goes on.

    The last write counts as one that was never answered.
    """


class CannotTell(ErpError):
    """It may be in the ERP, in part or changed: a person has to look."""
