"""An HTTP server on this machine that answers as it is told, for tests of the way out."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# What a connection does with a request: the bytes it writes back, in pieces; then it hangs up
# unless `keeps` said otherwise.
Answering = Callable[[str, bytes], Iterator[bytes]]


def answer(
    content: bytes = b"<done/>", status: str = "200 OK", *headers: str, close: bool = False
) -> bytes:
    """One whole answer."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: text/xml", f"Content-Length: {len(content)}"]
    lines += [*headers, *(["Connection: close"] if close else [])]
    return "\r\n".join([*lines, "", ""]).encode() + content


@dataclass
class Server:
    """Its requests, and how many connections were made to it."""

    port: int
    requests: list[tuple[str, bytes]] = field(default_factory=list)  # head, content
    connections: int = 0

    @property
    def calls(self) -> list[str]:
        """The first lines."""
        return [head.split("\r\n")[0] for head, _ in self.requests]


@contextlib.contextmanager
def serving(
    answering: Answering, tls: ssl.SSLContext | None = None, calls_each: int = 1000
) -> Iterator[Server]:
    """A server on 127.0.0.1 until the end of the block.

    Each connection is good for `calls_each` requests, and is then closed without a word.
    """
    listening = socket.create_server(("127.0.0.1", 0))
    server = Server(listening.getsockname()[1])
    open_ones: list[socket.socket] = []

    def speak(line: socket.socket) -> None:
        try:
            if tls is not None:
                line = tls.wrap_socket(line, server_side=True)
            with line, line.makefile("rb") as reader:
                for _ in range(calls_each):
                    request = _read(reader)
                    if request is None:
                        return
                    server.requests.append(request)
                    for piece in answering(*request):
                        line.sendall(piece)
                        if not piece:
                            return
                line.shutdown(socket.SHUT_RDWR)
        except OSError:
            line.close()

    def listen() -> None:
        while True:
            try:
                line, _ = listening.accept()
            except OSError:
                return
            server.connections += 1
            open_ones.append(line)
            threading.Thread(target=speak, args=(line,), daemon=True).start()

    threading.Thread(target=listen, daemon=True).start()
    try:
        yield server
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        for line in open_ones:
            with contextlib.suppress(OSError):
                line.close()


def _read(reader) -> tuple[str, bytes] | None:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = reader.readline()
        if not line:
            return None
        head += line
    text = head.decode()
    length = next(
        (
            int(one.split(":")[1])
            for one in text.split("\r\n")
            if one.lower().startswith("content-l")
        ),
        0,
    )
    return text, reader.read(length)


class Authority:
    """A certificate authority of our own, whose file `SSL_CERT_FILE` can name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("A test's authority")
        self.file = folder / "authority.pem"
        self._own = self._signed(self._name, self._key.public_key(), ca=True)
        self.file.write_bytes(self._own.public_bytes(serialization.Encoding.PEM))

    def tls_for(self, *names: str, days: int = 1) -> ssl.SSLContext:
        """What a server shows that has a certificate for these names (or addresses)."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._signed(_name(names[0]), key.public_key(), names=names, days=days)
        file = self.folder / f"{names[0]}-{days}.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _signed(self, subject, key, names=(), days=1, ca=False) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=10))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), False
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), False)
        )
        if ca:
            usage = x509.KeyUsage(
                digital_signature=True,
                key_cert_sign=True,
                crl_sign=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                encipher_only=False,
                decipher_only=False,
            )
            builder = builder.add_extension(usage, critical=True)
        if names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_alternative(name) for name in names]), False
            )
        return builder.sign(self._key, hashes.SHA256())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
