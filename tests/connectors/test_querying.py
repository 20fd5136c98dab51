"""Asking a SQL Server that somebody named: TLS, cut answers, and servers that mean no good.

What answers is the stand-in's Info-Link over TCP, or bytes that no honest server sends.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal

import pytest
from django.conf import settings as django_settings
from django.test import override_settings

from connectors import querying
from connectors.contract import Query
from connectors.querying import ask
from sandbox.spectrum import SpectrumCompany
from sandbox.spectrum.books import COST_LINE
from tests.connectors.outside_server import Authority
from tests.engine.on_spectrum import INFO_LINK_PASSWORD, INFO_LINK_USER, listening_in_sql

NUMBERS = "SELECT Change_Request_Number AS number, Change_Request_Amount AS amount"
OF_ONE = f"{NUMBERS} FROM CR_CHNG_REQ_CON_DET_MC WHERE Change_Request_Number = @number"


@pytest.fixture
def company() -> Iterator[SpectrumCompany]:
    made = SpectrumCompany()
    made.open_info_link(INFO_LINK_USER, INFO_LINK_PASSWORD)
    for place, amount in enumerate(("1500.00", "-0.05")):
        values = {"Change_Request_Amount": amount}
        made.books.put(COST_LINE, ("H101", "PORT", "S001-Ä", f"{place:04}"), values)
    yield made
    made.close()


def query(
    address: str,
    statement: str = OF_ONE,
    *,
    number: str = "S001-Ä",
    password: str = INFO_LINK_PASSWORD,
    database: str = "",
) -> Query:
    return Query(
        address=address,
        database=database,
        user=INFO_LINK_USER,
        password=password,
        statement=statement,
        parameters=(("number", number),),
    )


def rows(reply: str) -> list[list[str | None]]:
    head, _, content = reply.partition("\n\n")
    assert head == "SQL rows", reply
    found = json.loads(content)
    assert found["whole"]
    return found["rows"]


@contextmanager
def allowed(*addresses: str) -> Iterator[None]:
    listed = [*django_settings.ALLOWED_ERP_ORIGINS, *addresses]
    with override_settings(ALLOWED_ERP_ORIGINS=listed):
        yield


# --- What it gives -------------------------------------------------------------------------------


def test_a_statement_gives_its_rows(company: SpectrumCompany) -> None:
    with listening_in_sql(company) as address:
        found = rows(ask(query(address, database="Spectrum")))
        assert [(number, Decimal(amount or "")) for number, amount in found] == [
            ("S001-Ä", Decimal("1500.00")),
            ("S001-Ä", Decimal("-0.05")),
        ]
        assert rows(ask(query(address, number="S002-001"))) == []
        assert rows(ask(query(address, number="' OR 1 = 1"))) == [], "a value is only a value"
        long = f"{OF_ONE} AND '{'x' * 5000}' <> ''"
        assert len(rows(ask(query(address, long)))) == 2
        assert rows(ask(query(address, "SELECT NULL AS number, @number AS amount"))) == [
            [None, "S001-Ä"]
        ]


def test_more_rows_than_are_read_are_not_taken_for_all(company: SpectrumCompany) -> None:
    for place in range(600):
        company.books.put(COST_LINE, ("H101", "PORT", "MANY", f"{place:04}"), {"CR_Hours": "1"})
    with listening_in_sql(company) as address:
        reply = ask(query(address, number="MANY"))
    found = json.loads(reply.partition("\n\n")[2])
    assert (len(found["rows"]), found["whole"]) == (500, False)


def test_what_the_server_refuses_is_told_in_its_words(company: SpectrumCompany) -> None:
    with listening_in_sql(company) as address:
        assert ask(query(address, OF_ONE.replace("CR_", "XX_"))) == (
            "SQL refused 208\n\nInvalid object name 'XX_CHNG_REQ_CON_DET_MC'."
        )
        assert ask(query(address, password="not this one")) == (
            f"SQL refused 18456\n\nLogin failed for user '{INFO_LINK_USER}'."
        )
        assert ask(query(address, "DELETE FROM CR_CHNG_REQ_CON_DET_MC")).startswith("SQL refused")


# --- Who it is -----------------------------------------------------------------------------------


@pytest.fixture
def authority(tmp_path, monkeypatch) -> Iterator[Authority]:
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    querying._tls.cache_clear()
    yield made
    querying._tls.cache_clear()


def test_it_is_asked_over_tls(company: SpectrumCompany, authority: Authority) -> None:
    with listening_in_sql(company, authority.tls_for("127.0.0.1")) as address:
        assert address.startswith("sql://")
        assert len(rows(ask(query(address)))) == 2
        long = f"{OF_ONE} AND '{'x' * 5000}' <> ''"
        assert len(rows(ask(query(address, long)))) == 2
        with allowed(plain := address.replace("sql:", "sql+plain:")):
            reply = ask(query(plain))
    assert "speaks with nobody who does not encrypt: write sql://" in reply


@pytest.mark.parametrize("shown", ["another name", "nobody's", "expired"])
def test_a_server_that_is_another_one_is_not_told_the_password(
    company: SpectrumCompany, authority: Authority, tmp_path, shown: str
) -> None:
    (tmp_path / "other").mkdir()
    tls = {
        "another name": lambda: authority.tls_for("data.example.com"),
        "nobody's": lambda: Authority(tmp_path / "other").tls_for("127.0.0.1"),
        "expired": lambda: authority.tls_for("127.0.0.1", days=-1),
    }[shown]()
    with listening_in_sql(company, tls) as address:
        reply = ask(query(address))
    assert reply.startswith("SQL away\n\nThe certificate of sql://127.0.0.1:")
    assert "Nothing was sent" in reply
    assert company.calls() == []


def test_without_tls_no_password_is_sent(company: SpectrumCompany) -> None:
    with listening_in_sql(company) as address:
        with allowed(secure := address.replace("sql+plain:", "sql:")):
            reply = ask(query(secure))
        assert "it offers no encryption" in reply
        with override_settings(ALLOWED_ERP_ORIGINS=[]):
            assert "begins with sql://" in ask(query(address))
            assert "is no public address" in ask(query(secure))
    for nasty in ("sql://10.0.0.5", "sql://localhost", "sql://169.254.169.254:80", "http://a.b"):
        assert ask(query(nasty)).startswith("SQL away"), nasty
    assert company.calls() == []


# --- What no honest server sends -----------------------------------------------------------------


@contextmanager
def server(speak: Callable[[socket.socket], None]) -> Iterator[str]:
    """Whatever `speak` does with a connection; its address, which is allowed."""
    listening = socket.create_server(("127.0.0.1", 0))
    served: list[threading.Thread] = []

    def serve(line: socket.socket) -> None:
        with line, suppress(OSError):
            speak(line)

    def listen() -> None:
        while True:
            try:
                line, _ = listening.accept()
            except OSError:
                return
            served.append(threading.Thread(target=serve, args=(line,)))
            served[-1].start()

    threading.Thread(target=listen, daemon=True).start()
    address = f"sql+plain://127.0.0.1:{listening.getsockname()[1]}"
    try:
        with allowed(address):
            yield address
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        for one in served:
            one.join()


def packet(content: bytes) -> bytes:
    return struct.pack(">BBHHBB", 4, 1, 8 + len(content), 0, 1, 0) + content


HELLO = packet(bytes.fromhex("00000b0006 0100110001 ff 100000000000 02"))
ACK = b"\xad\x0a\x00\x01" + bytes.fromhex("74000004") + b"\x00" + bytes(4)
DONE = b"\xfd" + bytes(12)


def saying(*answers: bytes) -> Callable[[socket.socket], None]:
    """Answers what comes with these, one after the other; then it hangs up."""

    def speak(line: socket.socket) -> None:
        for answer in answers:
            line.recv(1 << 16)
            line.sendall(answer)

    return speak


@pytest.mark.parametrize(
    "answers",
    {
        "nothing": (b"",),
        "a web page": (b"HTTP/1.1 400 Bad Request\r\n\r\n",),
        "a hello that says nothing": (packet(b"\xff"),),
        "a hello that points behind its end": (packet(bytes.fromhex("01ffff0001ff")),),
        "no sign-in": (HELLO, packet(b"\x00" * 40)),
        "half a sign-in": (HELLO, packet(ACK + DONE)[:20]),
        "nothing after the sign-in": (HELLO, packet(ACK + DONE)),
        "an answer of one done": (HELLO, packet(ACK + DONE), packet(DONE), packet(DONE)),
        "columns beyond count": (
            HELLO,
            packet(ACK + DONE),
            packet(b"\xe3\x0b\x00\x08\x08" + bytes(9) + DONE),
            packet(b"\x81\xf0\xff" + b"\xff" * 400),
        ),
        "no columns, and no end": (
            HELLO,
            packet(ACK + DONE),
            packet(b"\xe3\x0b\x00\x08\x08" + bytes(9) + DONE),
            packet(b"\x81\x00\x00"),
        ),
    }.values(),
)
def test_nonsense_is_no_answer(answers: tuple[bytes, ...]) -> None:
    with server(saying(*answers)) as address:
        assert ask(query(address)).startswith("SQL away\n\n")


def test_nobody_is_followed_to_another_server() -> None:
    """A server may say that somebody else answers; the password would go there, in the clear."""
    visitors: list[socket.socket] = []
    elsewhere = socket.create_server(("127.0.0.1", 0))
    port = elsewhere.getsockname()[1]
    name = "127.0.0.1".encode("utf-16le")
    place = struct.pack("<BHH", 0, port, len(name) // 2) + name
    routed = struct.pack("<H", len(place)) + place + bytes(2)
    change = b"\xe3" + struct.pack("<HB", 1 + len(routed), 20) + routed
    with elsewhere, server(saying(HELLO, packet(ACK + change + DONE))) as address:
        reply = ask(query(address))
        elsewhere.settimeout(0)
        with suppress(BlockingIOError):
            visitors.append(elsewhere.accept()[0])
    assert "it sends ERP Bridge on to another server, where it never goes" in reply
    assert visitors == []


def test_an_answer_that_is_cut_anywhere_is_none(company: SpectrumCompany) -> None:
    """Rows that did not come must never look like a record that is not there."""
    with listening_in_sql(company) as real:
        port = int(real.rpartition(":")[2])
        whole, limit = 0, 1 << 20

        def forward(line: socket.socket) -> None:
            nonlocal whole
            with socket.create_connection(("127.0.0.1", port)) as there:
                told = 0
                while told < limit:
                    ready, _, _ = select.select([line, there], [], [])
                    if line in ready:
                        if not (asked := line.recv(1 << 16)):
                            return
                        there.sendall(asked)
                    if there in ready:
                        if not (answer := there.recv(1 << 16)[: limit - told]):
                            return
                        told += len(answer)
                        whole = max(whole, told)
                        line.sendall(answer)

        with server(forward) as address:
            assert len(rows(ask(query(address)))) == 2
            assert whole > 300
            for limit in range(0, whole, 5):
                reply = ask(query(address))
                assert reply.startswith("SQL away\n\n"), (limit, whole, reply)
