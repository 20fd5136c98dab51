"""A reply of the ERP, from the door into the database and out of it again.

Short ones are a text with their message. A long one is never held whole: it comes into a temporary
file, is kept in packed parts of bounded size, and is read from those, piece by piece.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile

from django.db import connection as database

from connectors.contract import Pieces, Reply
from connectors.models import Message, ReplyPart

SHORT = PART = 1 << 20  # bytes; a longer reply is kept in parts of this size
BEGINNING = 200_000  # characters of a long one that stand with its message, for people


class Spool:
    """A reply while it comes in. Beyond `SHORT` it is a file, without a name, of this process."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=SHORT)  # noqa: SIM115 it closes itself

    def write(self, text: str, /) -> None:
        self._file.write(text.encode())

    def close(self) -> None:
        self._file.close()

    def read(self, start: int = 0) -> Iterator[bytes]:
        """Pieces of `PART` bytes, the last one shorter."""
        while True:
            self._file.seek(start)
            piece = self._file.read(PART)
            if not piece:
                return
            yield piece
            start += len(piece)

    def reply(self) -> Reply:
        """What came: this where it is long; else the text, and this is closed."""
        if self._file.tell() > SHORT:
            return self
        text = b"".join(self.read()).decode()
        self.close()
        return text


@dataclass(frozen=True, slots=True)
class Kept:
    """The long reply of a message, in the database."""

    message: int

    def read(self, start: int = 0) -> Iterator[bytes]:
        """Pieces of `PART` bytes at most."""
        parts = ReplyPart.objects.filter(message=self.message, start__gt=start - PART)
        rows = parts.order_by("start").values_list("start", "packed")
        for begins, packed in rows.iterator(chunk_size=1):
            yield zlib.decompress(packed)[max(0, start - begins) :]


def keep(message: Message, reply: Reply) -> None:
    """Store the ERP's reply with the message that it answers. Raises LookupError if that was
    answered before."""
    message.reply, message.reply_bytes = reply if isinstance(reply, str) else "", None
    if not isinstance(reply, str):
        message.reply, message.reply_bytes = _keep_parts(message, reply)
    with database.cursor() as cursor:
        cursor.execute(
            """
            UPDATE connectors_message
            SET reply = %s, reply_bytes = %s, replied_at = statement_timestamp()
            WHERE id = %s AND replied_at IS NULL
            """,
            [message.reply, message.reply_bytes, message.pk],
        )
        if not cursor.rowcount:
            raise LookupError(f"Message {message.pk} was answered before.")


def _keep_parts(message: Message, reply: Pieces) -> tuple[str, int]:
    """The beginning of the reply for people, and its size."""
    beginning, size = "", 0
    for piece in reply.read():
        beginning = beginning or piece.decode(errors="ignore")[:BEGINNING]
        ReplyPart.objects.create(message=message, start=size, packed=zlib.compress(piece, 1))
        size += len(piece)
    return beginning, size


def reply_of(message: Message) -> Reply:
    """What the ERP replied, '' where nothing came."""
    return (message.reply or "") if message.reply_bytes is None else Kept(message.pk)
