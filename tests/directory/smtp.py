"""A mail server for tests: SMTP over a real socket, that may refuse or break off at any moment."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

BREAKS_OFF = ""
YES = {"DATA": "354 go on", "QUIT": "221 bye"}


class MailServer(socketserver.ThreadingTCPServer):
    """`answers`: command -> what it says instead of yes, or BREAKS_OFF. The command '.' is the end
    of the mail itself: whoever answers it badly has the mail all the same, unless it says no."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Session)
        self.answers: dict[str, str] = {}
        self.taken: list[EmailMessage] = []

    @contextmanager
    def running(self) -> Iterator[MailServer]:
        thread = threading.Thread(target=self.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            thread.join()
            self.server_close()


class Session(socketserver.StreamRequestHandler):
    server: Any

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        for line in self.rfile:
            command = line.split()[0].decode().upper()
            if not self._say(command):
                return
            if command == "QUIT":
                return
            if command == "DATA" and "DATA" not in self.server.answers:
                mail = message_from_bytes(self._mail(), policy=policy.default)
                if self.server.answers.get(".", "250")[:1] not in ("4", "5"):
                    self.server.taken.append(mail)
                if not self._say("."):
                    return

    def _say(self, command: str) -> bool:
        answer = self.server.answers.get(command, YES.get(command, "250 yes"))
        self.wfile.write(f"{answer}\r\n".encode() if answer else b"")
        return bool(answer)

    def _mail(self) -> bytes:
        lines = iter(self.rfile.readline, b".\r\n")
        return b"".join(lines)
