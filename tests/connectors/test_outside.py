"""Whom we call, and whom never: names that lie, bad servers, wrong certificates."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from urllib3.util.wait import wait_for_read

from connectors import outside
from connectors.contract import Call
from connectors.outside import Line, NoAnswer, NotReached
from tests.connectors.outside_server import Authority, answer, serving

# --- Names that lie ------------------------------------------------------------------------------


def _says(monkeypatch: pytest.MonkeyPatch, *ips: str) -> list[str]:
    """The name server of the attacker answers with these addresses; who was asked for."""
    asked: list[str] = []

    def getaddrinfo(host, port, *_args, **_kwargs):
        asked.append(host)
        if host in ips:  # the socket's own look at an address
            return real(host, port, type=socket.SOCK_STREAM)
        return [
            (
                socket.AF_INET6 if ":" in ip else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (ip, port),
            )
            for ip in ips
        ]

    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize(
    "ips",
    [
        ["127.0.0.1"],
        ["10.0.0.5"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["fe80::1%eth0"],
        ["93.184.216.34", "127.0.0.1"],  # the second time it would be the other one
        ["127.0.0.1", "93.184.216.34"],
    ],
    ids=" and ".join,
)
def test_a_public_name_for_an_address_inside_is_not_called(monkeypatch, ips) -> None:
    asked = _says(monkeypatch, *ips)
    with pytest.raises(NotReached, match="no public address"):
        Line("https://spectrum.example.com:8482").call(Call(method="GET", path="/"))
    assert asked == ["spectrum.example.com"]


def test_a_name_is_looked_up_once_and_that_address_is_called(monkeypatch, settings) -> None:
    """Whatever the name server would say the next time: nobody asks it."""
    with serving(_answers(answer())) as server:
        settings.ALLOWED_ERP_ORIGINS = [f"http://erp.example:{server.port}"]
        asked = _says(monkeypatch, "127.0.0.1")
        with Line(f"http://erp.example:{server.port}") as line:
            for _ in range(3):
                assert line.call(Call(method="GET", path="/vendors/ABC")).content == b"<done/>"
        assert asked.count("erp.example") == 1
        [head, *_] = [head for head, _ in server.requests]
        assert f"Host: erp.example:{server.port}" in head


def test_a_name_that_nobody_knows_is_said(settings) -> None:
    with pytest.raises(NotReached, match="no server called"):
        Line("https://spectrum.invalid:8482").call(Call(method="GET", path="/"))


# --- What is sent, and over how many lines -------------------------------------------------------


def _answers(*answers: bytes):
    """One answer after another, the last one for ever."""
    left = list(answers)

    def answering(_head: str, _content: bytes) -> Iterator[bytes]:
        yield left.pop(0) if len(left) > 1 else left[0]

    return answering


@pytest.fixture
def own(settings):
    """Opens the way to a server of this test."""

    lines = []

    def allow(server) -> Line:
        origin = f"http://127.0.0.1:{server.port}"
        settings.ALLOWED_ERP_ORIGINS = [origin]
        lines.append(Line(origin))
        return lines[-1]

    yield allow
    for line in lines:
        line.close()


POST = Call(
    method="POST",
    path="/ws/UpdateSubcontract",
    headers=(("Content-Type", "text/xml; charset=utf-8"), ("SOAPAction", '"x"')),
    content=b"<Envelope/>",
)


def test_calls_of_a_session_share_one_connection(own) -> None:
    with serving(_answers(answer())) as server:
        line = own(server)
        for _ in range(5):
            assert line.call(POST).status == 200
        assert server.connections == 1
        head, content = server.requests[0]
        assert content == b"<Envelope/>"
        assert server.calls == ["POST /ws/UpdateSubcontract HTTP/1.1"] * 5
        assert "Accept-Encoding: identity" in head
        assert "Authorization" not in head


def test_a_server_that_hung_up_in_between_is_called_anew(own) -> None:
    with serving(_answers(answer()), calls_each=1) as server:
        line = own(server)
        for _ in range(3):
            assert line.call(POST).status == 200
            assert line._connection is not None
            assert wait_for_read(line._connection.sock, timeout=20), "it hangs up"
        assert (server.connections, len(server.requests)) == (3, 3)


def test_a_proxy_of_the_environment_is_not_taken(own, monkeypatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with serving(_answers(answer())) as server:
        assert own(server).call(POST).status == 200


def test_a_redirect_is_an_answer_and_is_not_followed(own) -> None:
    where = "Location: http://169.254.169.254/latest/meta-data/"
    with serving(_answers(answer(b"", "302 Found", where))) as server:
        assert own(server).call(POST).status == 302
        assert len(server.requests) == 1


def test_what_a_busy_server_says_of_its_time_is_kept(own) -> None:
    with serving(_answers(answer(b"later", "429 Too Many Requests", "Retry-After: 7"))) as server:
        told = own(server).call(POST)
        assert (told.status, told.retry_after, told.content) == (429, "7", b"later")


@pytest.mark.parametrize(
    "call",
    [
        Call(method="GET", path="vendors"),
        Call(method="GET", path="/a b"),
        Call(method="GET", path="/a\r\nHost: other"),
        Call(method="get /", path="/"),
        Call(method="GET", path="/", headers=(("Authorization", "Basic x\r\nHost: other"),)),
        Call(method="GET", path="/", headers=(("Host\r\nX", "y"),)),
    ],
    ids=repr,
)
def test_a_call_with_a_line_break_in_it_never_goes_out(own, call) -> None:
    with serving(_answers(answer())) as server:
        with pytest.raises(ValueError, match="cannot be sent"):
            own(server).call(call)
        assert server.connections == 0


# --- Servers that misbehave: nothing was sent, or nobody knows ------------------------------------


def test_nobody_listens(own, settings) -> None:
    with serving(_answers(answer())) as server:
        line = own(server)
    with pytest.raises(NotReached, match="refused"):
        line.call(POST)


def test_a_connection_that_is_never_answered_is_given_up(monkeypatch, own) -> None:
    monkeypatch.setattr(outside, "CONNECT_SECONDS", 0.2)
    full = socket.socket()
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    waiting = [socket.socket() for _ in range(4)]
    for one in waiting:
        one.setblocking(False)
        one.connect_ex(full.getsockname())

    class Full:
        port = full.getsockname()[1]

    try:
        with pytest.raises(NotReached, match="in time"):
            own(Full).call(POST)
    finally:
        for one in (*waiting, full):
            one.close()


def _silence(_head: str, _content: bytes) -> Iterator[bytes]:
    yield b""


def _cut(_head: str, _content: bytes) -> Iterator[bytes]:
    yield answer(b"x" * 1000)[:-400]
    yield b""


def _packed(_head: str, _content: bytes) -> Iterator[bytes]:
    yield answer(b"x", "200 OK", "Content-Encoding: gzip")


def _nonsense(_head: str, _content: bytes) -> Iterator[bytes]:
    yield b"SSH-2.0-OpenSSH\r\n\r\n"


def _endless_headers(_head: str, _content: bytes) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n"
    for number in range(10_000):
        yield f"X-{number}: {'y' * 100}\r\n".encode()


def _endless(_head: str, _content: bytes) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    for _ in range(2000):
        yield b"10000\r\n" + b"x" * 0x10000 + b"\r\n"


def _endless_chunk(_head: str, _content: bytes) -> Iterator[bytes]:
    """A chunk whose length is below zero ends with the line."""
    yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n"
    for _ in range(1000):
        yield b"x" * 0x10000


def _claims_much(_head: str, _content: bytes) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n"
    for _ in range(2000):
        yield b"x" * 0x10000


@pytest.mark.parametrize(
    ("answering", "words"),
    [
        (_silence, "broke"),
        (_cut, "broke"),
        (_packed, "packed"),
        (_nonsense, "broke"),
        (_endless_headers, "broke"),
        (_endless, "more than 20,000,000 bytes"),
        (_endless_chunk, "more than 20,000,000 bytes"),
        (_claims_much, "more than 20,000,000 bytes"),
    ],
)
def test_no_answer_that_could_be_used(own, answering, words) -> None:
    with serving(answering) as server:
        with pytest.raises(NoAnswer, match=words):
            own(server).call(POST)
        assert len(server.requests) == 1, "it is sent once"


def test_what_a_server_sent_is_in_no_log(own, caplog) -> None:
    """It may have sent back what we showed it."""
    with serving(_answers(answer(b"", "200 OK", "no header", "Seen: AUTH-0123456789"))) as server:
        assert own(server).call(POST).status == 200
    assert "AUTH" not in caplog.text


def test_a_server_that_falls_silent_is_left(own, monkeypatch) -> None:
    monkeypatch.setattr(outside, "READ_SECONDS", 0.2)
    wait = socket.socketpair()

    def silent(_head: str, _content: bytes) -> Iterator[bytes]:
        wait[0].recv(1)
        yield b""

    with serving(silent) as server, wait[0], wait[1], pytest.raises(NoAnswer, match="in time"):
        own(server).call(POST)


@pytest.mark.parametrize("of", ["headers", "content"])
def test_a_server_that_sends_a_byte_now_and_then_is_left_too(own, monkeypatch, of) -> None:
    """Each byte comes in good time, and the answer never ends."""
    monkeypatch.setattr(outside, "CALL_SECONDS", 0.4)
    wait = socket.socketpair()
    wait[0].settimeout(0.05)

    def drips(_head: str, _content: bytes) -> Iterator[bytes]:
        if of == "content":
            yield b"HTTP/1.1 200 OK\r\n\r\n"
        while True:
            try:
                wait[0].recv(1)
            except TimeoutError:
                yield b"x"
            else:
                return

    with serving(drips) as server, wait[0], wait[1], pytest.raises(NoAnswer, match="longer than"):
        own(server).call(POST)


# --- Certificates ---------------------------------------------------------------------------------


@pytest.fixture
def authority(tmp_path, monkeypatch) -> Iterator[Authority]:
    """An authority that this process believes in."""
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    outside._tls.cache_clear()
    yield made
    outside._tls.cache_clear()


def _tls_line(server, settings, monkeypatch) -> Line:
    _says(monkeypatch, "127.0.0.1")
    origin = f"https://erp.example:{server.port}"
    settings.ALLOWED_ERP_ORIGINS = [origin]
    return Line(origin)


def _tls_call(server, settings, monkeypatch):
    with _tls_line(server, settings, monkeypatch) as line:
        return line.call(POST)


def test_a_certificate_for_the_name_is_believed_at_the_pinned_address(
    authority, settings, monkeypatch
) -> None:
    with serving(_answers(answer()), tls=authority.tls_for("erp.example")) as server:
        assert _tls_call(server, settings, monkeypatch).status == 200


def test_tickets_of_tls_are_not_taken_for_an_end(authority, settings, monkeypatch) -> None:
    """A server hands them out by itself; the connection that stands is then called, and no other
    one is made between the look whether the lane is ours and the call."""
    with (
        serving(_answers(answer()), tls=authority.tls_for("erp.example"), calls_each=1) as server,
        _tls_line(server, settings, monkeypatch) as line,
    ):
        for calls in (1, 2):
            assert wait_for_read(line.connect().sock, timeout=20), "the tickets are here"
            assert line.call(POST).status == 200
            assert (server.connections, len(server.requests)) == (calls, calls)
            assert line._connection is not None
            assert wait_for_read(line._connection.sock, timeout=20), "it hangs up"


def test_what_nobody_asked_for_is_no_answer_to_the_next_call(
    authority, settings, monkeypatch
) -> None:
    """Two answers to one call in one record of TLS: the second waits where no socket tells."""
    most = 8192  # is read at once
    first = answer(b"x" * (most - len(answer(b"x" * 1000)) + 1000))
    assert len(first) == most
    with (
        serving(_answers(first + answer(b"stale")), authority.tls_for("erp.example")) as server,
        _tls_line(server, settings, monkeypatch) as line,
    ):
        for calls in (1, 2):
            assert b"stale" not in line.call(POST).content
            assert (server.connections, len(server.requests)) == (calls, calls)


@pytest.mark.parametrize(
    ("names", "days"),
    [(("other.example",), 1), (("127.0.0.1",), 1), (("erp.example",), -1)],
    ids=["another name", "the address alone", "expired"],
)
def test_any_other_certificate_gets_nothing(authority, settings, monkeypatch, names, days) -> None:
    with serving(_answers(answer()), tls=authority.tls_for(*names, days=days)) as server:
        with pytest.raises(NotReached, match="certificate"):
            _tls_call(server, settings, monkeypatch)
        assert server.requests == []


def test_a_certificate_of_an_unknown_authority_gets_nothing(
    tmp_path, settings, monkeypatch
) -> None:
    tls = Authority(tmp_path).tls_for("erp.example")
    with serving(_answers(answer()), tls=tls) as server:
        with pytest.raises(NotReached, match="certificate"):
            _tls_call(server, settings, monkeypatch)
        assert server.requests == []
