"""Who we are at an ERP that we call: what it is shown, and the token that it gave for that."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping, Sequence
from typing import cast

from django.db import transaction
from django.db.models.functions import Now

from connectors.contract import Call, Pushed, Refused, Reply, Site
from connectors.models import Connection, Renewal
from connectors.outside import Answer, Line
from connectors.registry import connector_for
from connectors.replies import SHORT, Spool
from connectors.secrets import keep_renewed, tries_of
from directory.history import Happened, append

TOKEN_LEFT = 30  # seconds before its end at which a token is fetched anew; half its life at most
HIDDEN = "(hidden)"


class Credentials:
    """What is kept of a connection for the time of one session, and the token, if it uses any."""

    def __init__(self, connection: Connection) -> None:
        """Raises Locked, and ValueError where `connection` names a server of before."""
        self.erp = pushed(connection)
        self.token, self._token_ends = "", 0.0
        self._connection = connection
        self._tries = tries_of(connection)
        self.secrets = self._tries[0]

    @property
    def are_newest(self) -> bool:
        """Whether it is the newest secret that is used, not the one before it."""
        return self.secrets is self._tries[0]

    def site(self) -> Site:
        """Where the ERP is, and as whom it is called now."""
        return site_of(self._connection, self.secrets, self.token)

    def be_known(self, line: Line) -> None:
        """Have a token that is good for a while, where the ERP wants one.

        While a renewed secret has not worked yet, the one before it is tried, too. Raises
        NotReached, NoAnswer or ErpError.
        """
        if self.token and time.monotonic() < self._token_ends:
            return
        refused: list[Refused] = []
        for secrets in self._tries:
            call = self.erp.token_call(site_of(self._connection, secrets))
            if call is None:
                return
            try:
                self.token, seconds = self.erp.token(as_reply(line.call(call)))
            except Refused as error:
                refused.append(error)
                continue
            lasts = max(seconds - TOKEN_LEFT, seconds / 2) if seconds else math.inf
            self._token_ends = time.monotonic() + lasts
            self.secrets = secrets
            self._settle()
            return
        raise Refused(self._no_way_in(str(refused[0])))

    def hidden(self, call: Call | None = None) -> list[str]:
        """What must not be kept, should the ERP repeat it."""
        headers = call.headers if call else ()
        told = [value for name, value in headers if name.lower() == "authorization"]
        kept = [value for secrets in self._tries for value in secrets.values()]
        return [*kept, self.token, *(one.split(" ")[-1] for one in told)]

    def keep(self, new: Mapping[str, str]) -> None:
        """What the ERP gave in place of what is used; both are tried from now on. Raises
        Locked, and ValueError as a new one does."""
        keep_renewed(self._connection, new, read=self._tries[0], used=self.secrets)
        self._tries = tries_of(self._connection)

    def _settle(self) -> None:
        """We are let in; where by a secret that was renewed, the one before it may go now."""
        renewal = Renewal.objects.filter(connection=self._connection)
        if not self.are_newest or len(self._tries) == 1:
            renewal.filter(locked_out=True).update(locked_out=False, fault="")
            return
        [newest, before] = self._tries
        names = ", ".join(name for name in newest if newest[name] != before.get(name))
        with transaction.atomic():
            renewal.update(
                sealed_before="",
                renewed_at=Now(),
                due_at=Now() + Renewal.EVERY,
                asked_at=None,
                fault="",
                locked_out=False,
            )
            subject = f"connection:{self._connection.pk}"
            append(
                self._connection.company_id, [Happened("renewed", subject, None, {"names": names})]
            )
        self._tries = [newest]

    def _no_way_in(self, words: str) -> str:
        """Why there is no token; where a new secret got lost, that, and what to do."""
        renewal = Renewal.objects.filter(connection=self._connection).first()
        if renewal is None or renewal.asked_at is None:
            return words
        Renewal.objects.filter(pk=renewal.pk).update(locked_out=True)
        return f"{lost(renewal)} {words}"


def lost(renewal: Renewal) -> str:
    """That none of the secrets that are kept works since a new one was asked for; what to do."""
    erp, at = pushed(renewal.connection).capabilities.short, renewal.asked_at
    return (
        f"{erp} takes no secret that is kept here any more. It was asked for a new one"
        f"{f' on {at:%Y-%m-%d} at {at:%H:%M} UTC' if at else ''}, and no answer came that works. "
        f"Have a new one made in {erp} and type it on the Connection page. Until then nothing is "
        "sent, and what was accepted waits."
    )


def pushed(connection: Connection) -> Pushed:
    """The connector of a connection that we call."""
    return cast(Pushed, connector_for(connection.erp))


def site_of(connection: Connection, secrets: Mapping[str, str], token: str = "") -> Site:
    """Where the ERP of a connection is, and as whom it is called."""
    return Site(
        address=connection.address.rstrip("/"),
        settings=connection.settings,
        secrets=secrets,
        token=token,
    )


def as_reply(answer: Answer | str, hidden: Sequence[str] = ()) -> Reply:
    """An answer as it is stored: `HTTP 200 text/xml`, an empty line, its text without secrets. One
    that came as a text has its head."""
    text = answer if isinstance(answer, str) else f"{_head(answer)}\n\n{_text(answer)}"
    for secret in hidden:
        text = _without(secret, text)
    if len(text) <= SHORT // 4:  # bytes of one character at most
        return text
    spool = Spool()
    spool.write(text)
    return spool.reply()


def _without(secret: str, text: str) -> str:
    """The text with HIDDEN in place of a secret, also as JSON, XML or an address would spell it."""
    # Letters and digits nobody spells otherwise, and where they are not, it is not.
    longest = max(_PLAIN.findall(secret), key=len, default="")
    if len(secret) <= 3 or longest not in text:
        return text
    spelled = "|".join("".join(map(one, secret)) for one in (re.escape, _json, _xml, _address))
    return re.sub(f"{_BEFORE}(?:{spelled}){_BEHIND}", HIDDEN, text)


_PLAIN = re.compile(r"[A-Za-z0-9]+")
# Alone, and not as a part of a number or an amount that happens to contain it; what stands before
# it may be an escape that ends with a letter or digit.
_BEFORE = r"(?:(?<![\w-])(?<!\d[.,])|(?<=\\[bfnrt])|(?<=\\u[\da-fA-F]{4})|(?<=%[\da-fA-F]{2}))"
_BEHIND = r"(?![\w-]|[.,]\d)"
_NAMES_IN_XML = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}


def _json(char: str) -> str:
    """A pattern for each way in which JSON may write this character; so the next ones."""
    if _PLAIN.fullmatch(char):
        return char
    units = re.findall("....", char.encode("utf-16-be").hex())
    ways = ["".join(rf"\\u(?i:{unit})" for unit in units)]
    ways += [rf"\\{re.escape(char)}"] if char in '"\\/' else []
    return _one_of(ways, char, never='"\\')


def _xml(char: str) -> str:
    if _PLAIN.fullmatch(char):
        return char
    ways = [rf"&#0*{ord(char)};", rf"&#[xX]0*(?i:{ord(char):x});"]
    ways += [f"&{_NAMES_IN_XML[char]};"] if char in _NAMES_IN_XML else []
    return _one_of(ways, char, never="&")


def _address(char: str) -> str:
    if _PLAIN.fullmatch(char):
        return char
    ways = ["".join(f"%(?i:{byte:02x})" for byte in char.encode()), *([r"\+"] * (char == " "))]
    return _one_of(ways, char, never="%+")


def _one_of(ways: list[str], char: str, *, never: str) -> str:
    plain = [] if char in never else [re.escape(char)]
    return f"(?:{'|'.join([*plain, *ways])})"


def _head(answer: Answer) -> str:
    kind = _KIND.match(answer.type.strip().lower())
    return f"HTTP {answer.status} {kind[0] if kind else ''}".rstrip()


_KIND = re.compile(r"[a-z0-9.+/-]{1,100}")
_CHARSET = re.compile(r'charset="?([\w.:-]+)', re.IGNORECASE)
_ENCODING = re.compile(rb"""^\s*<\?xml[^>]{0,100}encoding=["']([\w.-]+)["']""")


def _text(answer: Answer) -> str:
    """The content as text: as the headers say, else as XML itself says, else UTF-8."""
    told, own = _CHARSET.search(answer.type), _ENCODING.match(answer.content[:300])
    charset = told[1] if told else own[1].decode() if own else "utf-8"
    try:
        text = answer.content.decode(charset, errors="replace")
    except (LookupError, UnicodeError):
        text = answer.content.decode(errors="replace")
    # PostgreSQL keeps neither NUL nor half characters, which some codecs make.
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()
