"""The stand-in's Info-Link over TCP: as much of TDS 7.4 as one user and one SELECT at a time take.

It listens on this machine only, and tells whoever signs in that it is a stand-in. Source: [MS-TDS].
"""

from __future__ import annotations

import socketserver
import ssl
import struct
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, ClassVar

from sandbox.spectrum.company import SpectrumCompany
from sandbox.spectrum.info_link import Cell, Selected, SqlError
from sandbox.spectrum.server import ADDRESS

PRODUCT = "Stand-in for Info-Link (not Spectrum, not SQL Server)"
LONGEST = 1 << 20
_HEADER = struct.Struct(">BBHHBB")
_BATCH, _RPC, _REPLY, _ATTENTION, _TRANSACTION, _LOGIN, _PRELOGIN = 1, 3, 4, 6, 14, 16, 18
_MOST_IN_PACKET = 4096 - _HEADER.size
_COLLATION = bytes.fromhex("0904d00034")
_EXECUTE_SQL = 10
_NULL = 0xFFFF
_MORE, _ERROR, _COUNT, _ATTENDED = 0x01, 0x02, 0x10, 0x20
_BEGIN, _COMMIT, _ROLLBACK = 5, 7, 8
_SYNTAX = 102


def serve(
    company: SpectrumCompany, port: int, tls: ssl.SSLContext | None = None
) -> socketserver.ThreadingTCPServer:
    """A server of `company`'s Info-Link on a port of this machine (0: any free one), not yet
    serving; it encrypts where `tls` is given. OSError when the port is taken."""
    handler = type("Handler", (_Handler,), {"company": company, "tls": tls})
    return _Server((ADDRESS, port), handler)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that goes away, or does not trust us, is no fault of ours."""


class _Handler(socketserver.BaseRequestHandler):
    company: ClassVar[SpectrumCompany]
    tls: ClassVar[ssl.SSLContext | None]

    def handle(self) -> None:
        line = _Line(self.request)
        kind, asked = line.message()
        if kind != _PRELOGIN:
            return
        wanted = self.tls is not None and _encryption(asked) in (1, 3)
        line.send(_REPLY, _prelogin(1 if wanted else 2 if self.tls is None else 3))
        if wanted and self.tls is not None:
            line.encrypt(self.tls)
        kind, asked = line.message()
        if kind != _LOGIN:
            return
        try:
            self.company.sign_in_to_info_link(*_user_and_password(asked))
        except SqlError as error:
            line.send(_REPLY, _error(error) + _done(_ERROR))
            return
        line.send(_REPLY, _signed_in(_database(asked)))
        while True:
            kind, asked = line.message()
            line.send(_REPLY, self._answer(kind, asked))

    def _answer(self, kind: int, asked: bytes) -> bytes:
        try:
            if kind == _TRANSACTION:
                return _transaction(asked)
            if kind == _ATTENTION:
                return _done(_ATTENDED)
            if kind == _BATCH:
                found = self.company.ask_info_link(asked[_headers(asked) :].decode("utf-16le"), {})
                return _rows(found) + _done(_COUNT, len(found.rows))
            if kind != _RPC:
                raise SqlError(_SYNTAX, "This is not played.")
            found = self.company.ask_info_link(*_called(asked))
        except SqlError as error:
            return _error(error) + _done(_ERROR)
        rows = _rows(found) + _done(_MORE | _COUNT, len(found.rows), token=0xFF)
        return rows + b"\x79" + bytes(4) + _done(token=0xFE)


class _Line:
    """Messages over a connection, in packets; inside TLS once that has begun."""

    def __init__(self, line: Any) -> None:
        self._line = line
        self._tls: ssl.SSLObject | None = None
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()

    def message(self) -> tuple[int, bytes]:
        """The next message: its type, and what it holds. EOFError where the caller has gone."""
        content = b""
        while True:
            kind, status, length, *_ = _HEADER.unpack(self._read(_HEADER.size))
            content += self._read(length - _HEADER.size)
            if len(content) > LONGEST:
                raise EOFError
            if status & 1:
                return kind, content

    def send(self, kind: int, content: bytes) -> None:
        """Send a message."""
        pieces = [
            content[at : at + _MOST_IN_PACKET] for at in range(0, len(content), _MOST_IN_PACKET)
        ]
        for number, piece in enumerate(pieces, 1):
            last = int(number == len(pieces))
            header = _HEADER.pack(kind, last, _HEADER.size + len(piece), 1, number % 256, 0)
            self._write(header + piece)

    def encrypt(self, context: ssl.SSLContext) -> None:
        """Begin TLS, inside packets."""
        tls = context.wrap_bio(self._in, self._out, server_side=True)
        while True:
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush_handshake()
                _, said = self.message()
                self._in.write(said)
            else:
                self._flush_handshake()
                self._tls = tls
                return

    def _flush_handshake(self) -> None:
        if said := self._out.read():
            self.send(_PRELOGIN, said)

    def _read(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            found += self._piece(size - len(found))
        return found

    def _piece(self, most: int) -> bytes:
        while True:
            if self._tls is not None:
                try:
                    return self._tls.read(most)
                except ssl.SSLWantReadError:
                    most_of_line = 1 << 16
            else:
                most_of_line = most
            piece: bytes = self._line.recv(most_of_line)
            if not piece:
                raise EOFError
            if self._tls is None:
                return piece
            self._in.write(piece)

    def _write(self, content: bytes) -> None:
        if self._tls is not None:
            self._tls.write(content)
            content = self._out.read()
        self._line.sendall(content)


# --- what is asked ----------------------------------------------------------------------------


def _encryption(asked: bytes) -> int:
    """What the caller says of encryption; 2 (none to be had) where it says nothing."""
    at = 0
    while asked[at] != 0xFF:
        option, where, _ = struct.unpack_from(">BHH", asked, at)
        if option == 1:
            return int(asked[where])
        at += 5
    return 2


def _text_at(login: bytes, at: int) -> bytes:
    where, characters = struct.unpack_from("<HH", login, at)
    return login[where : where + 2 * characters]


def _user_and_password(login: bytes) -> tuple[str, str]:
    hidden = (byte ^ 0xA5 for byte in _text_at(login, 44))
    password = bytes((byte >> 4) | (byte << 4 & 0xF0) for byte in hidden)
    return _text_at(login, 40).decode("utf-16le"), password.decode("utf-16le")


def _database(login: bytes) -> str:
    return _text_at(login, 68).decode("utf-16le") or "master"


def _headers(asked: bytes) -> int:
    """How long the headers are that stand before what is asked."""
    return int(struct.unpack_from("<I", asked)[0])


def _transaction(asked: bytes) -> bytes:
    what = struct.unpack_from("<H", asked, _headers(asked))[0]
    number = struct.pack("<Q", 1)
    if what == _BEGIN:
        return _changed(8, bytes([8]) + number + b"\0") + _done()
    if what in (_COMMIT, _ROLLBACK):
        return _changed(what + 2, b"\0" + bytes([8]) + number) + _done()
    raise SqlError(_SYNTAX, "This is not played.")


def _called(asked: bytes) -> tuple[str, dict[str, str]]:
    """The statement of a call of sp_executesql, and its parameters by name."""
    at = _headers(asked)
    (length,) = struct.unpack_from("<H", asked, at)
    at += 2
    if length == _NULL:
        (number,) = struct.unpack_from("<H", asked, at)
        at, known = at + 2, number == _EXECUTE_SQL
    else:
        name = asked[at : at + 2 * length].decode("utf-16le")
        at, known = at + 2 * length, name == "sp_executesql"
    if not known:
        raise SqlError(2812, "Could not find stored procedure.")
    values = list(_values(asked, at + 2))
    if not values:
        raise SqlError(_SYNTAX, "There is no statement.")
    declared = values[1][1].split(",") if len(values) > 1 else []
    names = [one.split()[0].removeprefix("@") for one in declared if one.strip()]
    given = {
        (name or names[place]).removeprefix("@"): value
        for place, (name, value) in enumerate(values[2:])
    }
    return values[0][1], given


def _values(asked: bytes, at: int) -> Iterator[tuple[str, str]]:
    """Name and value of each parameter; all of them are texts."""
    while at < len(asked):
        length = asked[at]
        name = asked[at + 1 : at + 1 + 2 * length].decode("utf-16le")
        at += 2 + 2 * length  # a byte of flags behind it
        kind, longest = struct.unpack_from("<BH", asked, at)
        if kind != 0xE7:
            raise SqlError(_SYNTAX, "Only parameters of NVARCHAR are played.")
        at += 8
        if longest == _NULL:
            at += 8
            text = b""
            while (size := struct.unpack_from("<I", asked, at)[0]) != 0:
                text += asked[at + 4 : at + 4 + size]
                at += 4 + size
            at += 4
        else:
            (size,) = struct.unpack_from("<H", asked, at)
            text = b"" if size == _NULL else asked[at + 2 : at + 2 + size]
            at += 2 + len(text)
        yield name, text.decode("utf-16le")


# --- what is answered -------------------------------------------------------------------------


def _prelogin(encryption: int) -> bytes:
    options = struct.pack(">BHH", 0, 11, 6) + struct.pack(">BHH", 1, 17, 1) + b"\xff"
    return options + bytes([16, 0, 0, 0, 0, 0]) + bytes([encryption])


def _short(text: str) -> bytes:
    return bytes([len(text)]) + text.encode("utf-16le")


def _long(text: str) -> bytes:
    return struct.pack("<H", len(text)) + text.encode("utf-16le")


def _changed(what: int, values: bytes) -> bytes:
    return b"\xe3" + struct.pack("<HB", 1 + len(values), what) + values


def _done(status: int = 0, count: int = 0, *, token: int = 0xFD) -> bytes:
    return struct.pack("<BHHQ", token, status, 0, count)


def _signed_in(database: str) -> bytes:
    version = bytes.fromhex("74000004")
    told = b"\x01" + version + _short(PRODUCT) + bytes([16, 0, 0, 0])
    acknowledged = b"\xad" + struct.pack("<H", len(told)) + told
    return _changed(1, _short(database) + _short("master")) + acknowledged + _done()


def _error(error: SqlError) -> bytes:
    told = struct.pack("<iBB", error.number, 1, 16) + _long(error.words)
    told += _short("stand-in") + _short("") + struct.pack("<I", 1)
    return b"\xaa" + struct.pack("<H", len(told)) + told


def _rows(found: Selected) -> bytes:
    """The columns and the rows. A column is of DECIMAL where all of its values are numbers."""
    sums = [
        bool(found.rows) and all(isinstance(row[place], Decimal) for row in found.rows)
        for place in range(len(found.columns))
    ]
    told = b"\x81" + struct.pack("<H", len(found.columns))
    for name, is_sum in zip(found.columns, sums, strict=True):
        told += struct.pack("<IH", 0, 1)
        told += bytes([0x6A, 17, 38, 4]) if is_sum else b"\xe7\x40\x1f" + _COLLATION
        told += _short(name)
    for row in found.rows:
        told += b"\xd1" + b"".join(
            _sum(cell) if is_sum and isinstance(cell, Decimal) else _text(cell)
            for cell, is_sum in zip(row, sums, strict=True)
        )
    return told


def _sum(value: Decimal) -> bytes:
    whole = int(value.scaleb(4))
    return bytes([17, int(whole >= 0)]) + abs(whole).to_bytes(16, "little")


def _text(cell: Cell) -> bytes:
    if cell is None:
        return struct.pack("<H", _NULL)
    text = str(cell).encode("utf-16le")
    return struct.pack("<H", len(text)) + text
