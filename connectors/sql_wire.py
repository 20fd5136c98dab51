"""The way to a SQL Server: what the driver sends and reads, inside TLS.

TLS begins inside packets of TDS here, and the driver's own verifies a certificate's name loosely.
So the first words (PRELOGIN) and TLS are spoken here, with the certificate verified for the name,
and the driver is told that there is no encryption to be had.

Source: [MS-TDS], 2.2.6.5 (PRELOGIN) and 3.2.5 (the client's states). It was tried against the
stand-in alone, never against a live SQL Server.
"""

from __future__ import annotations

import socket
import ssl
import struct
from contextlib import suppress

PRELOGIN, REPLY = 0x12, 0x04
_HEADER = struct.Struct(">BBHHBB")  # type, status, length with itself, process, number, 0
_LAST = 1
_OPTION = struct.Struct(">BHH")  # which, where, how long
_VERSION, _ENCRYPTION, _END = 0, 1, 0xFF
_OFF, _ON, _NOT_TO_BE_HAD, _NEEDED = range(4)
_MOST = 1 << 16


class Strange(Exception):
    """What came is not what a SQL Server says. The message is for people."""


class Wire:
    """A connection that looks to the driver like a socket. It reads `most` bytes and no more."""

    def __init__(
        self, line: socket.socket, host: str, tls: ssl.SSLContext | None, most: int
    ) -> None:
        """Speaks the first words, over TLS where it is given. Raises OSError and Strange."""
        self._line = line
        self._left = most
        self._waiting = b""  # what was read and not yet asked for
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls: ssl.SSLObject | None = None
        wanted = _NOT_TO_BE_HAD if tls is None else _ON
        self._line.sendall(_packet(PRELOGIN, _prelogin(wanted)))
        offered = _encryption(self._packet())
        if tls is not None:
            if offered not in (_ON, _NEEDED):
                raise Strange("it offers no encryption, and a password is not sent without")
            self._tls = self._handshake(tls, host)
        elif offered == _NEEDED:
            raise Strange("it speaks with nobody who does not encrypt: write sql://")

    def _handshake(self, context: ssl.SSLContext, host: str) -> ssl.SSLObject:
        tls = context.wrap_bio(self._in, self._out, server_hostname=host)
        while True:
            try:
                tls.do_handshake()
                return tls
            except ssl.SSLWantReadError:
                if said := self._out.read():
                    self._line.sendall(_packet(PRELOGIN, said))
                self._in.write(self._packet())

    def _packet(self) -> bytes:
        """What the next packet holds, of those that come before the driver."""
        kind, _, length, *_ = _HEADER.unpack(self._exactly(_HEADER.size))
        if kind not in (PRELOGIN, REPLY) or length < _HEADER.size:
            raise Strange("it is no SQL Server, or none that is known here")
        return self._exactly(length - _HEADER.size)

    def _exactly(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            piece = self._received(size - len(found))
            if not piece:
                raise Strange("it hung up at once")
            found += piece
        return found

    def _received(self, most: int) -> bytes:
        piece = self._line.recv(most)
        self._left -= len(piece)
        if self._left < 0:
            raise Strange("the answer is longer than is read")
        return piece

    # --- what the driver asks of a socket ---

    def sendall(self, data: bytes | bytearray | memoryview, flags: int = 0) -> None:
        """Send it; the driver's own first words are answered from here."""
        if data[0] == PRELOGIN:
            self._waiting = _packet(REPLY, _prelogin(_NOT_TO_BE_HAD))
        elif self._tls is None:
            self._line.sendall(data)
        else:
            self._tls.write(bytes(data))
            self._line.sendall(self._out.read())

    def recv_into(self, buffer: bytearray | memoryview, size: int = 0, flags: int = 0) -> int:
        """Read some of what came; 0 where the other side has hung up."""
        most = min(size or len(buffer), len(buffer))
        if self._waiting:
            piece, self._waiting = self._waiting[:most], self._waiting[most:]
        else:
            piece = self._read(most)
        buffer[: len(piece)] = piece
        return len(piece)

    def _read(self, most: int) -> bytes:
        if self._tls is None:
            return self._received(most)
        while True:
            try:
                return self._tls.read(most)
            except ssl.SSLWantReadError:
                piece = self._received(_MOST)
                if not piece:
                    return b""
                self._in.write(piece)
            except ssl.SSLZeroReturnError:
                return b""

    def gettimeout(self) -> float | None:
        return self._line.gettimeout()

    def settimeout(self, timeout: float | None) -> None:
        """The driver would wait for ever while it begins or ends a transaction."""
        if timeout is not None:
            self._line.settimeout(timeout)

    def close(self) -> None:
        with suppress(OSError):
            self._line.close()


def _packet(kind: int, content: bytes) -> bytes:
    return _HEADER.pack(kind, _LAST, _HEADER.size + len(content), 0, 1, 0) + content


def _prelogin(encryption: int) -> bytes:
    """The two options that have to be there: a version, and what is known of encryption."""
    version = struct.pack(">LH", 0, 0)
    first = 2 * _OPTION.size + 1
    return (
        _OPTION.pack(_VERSION, first, len(version))
        + _OPTION.pack(_ENCRYPTION, first + len(version), 1)
        + bytes([_END])
        + version
        + bytes([encryption])
    )


def _encryption(answer: bytes) -> int:
    """What the other side says of encryption. Raises Strange where it says nothing of it."""
    at = 0
    while at + _OPTION.size <= len(answer) and answer[at] != _END:
        which, where, length = _OPTION.unpack_from(answer, at)
        if which == _ENCRYPTION and length >= 1 and where < len(answer):
            return int(answer[where])
        at += _OPTION.size
    raise Strange("it does not say whether it encrypts")
