"""Who we are at an ERP that we call: tokens, and that nothing of it is kept where people read.

The ERP is the stand-in for Spectrum, over real HTTP.
"""

from __future__ import annotations

from itertools import count

import msgspec
import pytest

from connectors.calling import serve
from connectors.models import Connection, Conversation, Message, Session
from connectors.outside import Answer
from connectors.secrets import set_secrets
from connectors.signing_in import as_reply
from tests.engine.on_spectrum import AUTHORIZATION

pytestmark = pytest.mark.django_db(transaction=True)


def stored(connection: Connection) -> str:
    """All that is kept of what went out and came back, and of what went wrong."""
    told = [
        text
        for row in Message.objects.values_list("body", "reply", "fault")
        for text in row
        if text
    ]
    sessions = Session.objects.values_list("error", flat=True)
    return "\n".join([*told, *sessions, connection.last_result])


@pytest.mark.parametrize("told", [3600, 20, None], ids=["an hour", "seconds", "nothing"])
def test_a_token_is_fetched_once_a_session_and_kept_nowhere(spectrum, stage, told) -> None:
    """Whatever it is said to be good for."""
    spectrum.by_token(told)
    spectrum.synced(stage.commitment())
    asked = [call for call in spectrum.company.calls() if call["service"] == "token"]
    assert len(asked) == 1
    kept = stored(spectrum.connection)
    tokens = spectrum.company.books.storage.keys("token")
    for secret in (AUTHORIZATION, "s3cr3t-of-meridian", *[key for [key] in tokens]):
        assert secret not in kept


def test_a_token_that_no_longer_does_is_fetched_anew_in_the_middle(spectrum, stage) -> None:
    spectrum.by_token()
    commitment = stage.commitment()
    spectrum.accepted(commitment)

    calls = count()

    def withdraws() -> bool:
        if next(calls) == 2:  # as the answer to the first call is in hand
            spectrum.company.withdraw_tokens()
        return False

    serve(spectrum.connection.pk, stopping=withdraws)
    assert stage.status(commitment) == "synced"
    assert len(spectrum.sent()) == 3, "no message twice"


def test_a_client_that_gets_no_token_sends_nothing(spectrum, stage) -> None:
    connection = spectrum.connection
    connection.settings |= {"oauth": "Y"}
    connection.save()
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    assert spectrum.serve() is False
    assert stage.status(commitment) == "accepted"
    assert "client secret" in spectrum.connection.last_result
    assert spectrum.effects() == []


def test_credentials_of_another_key_are_said(spectrum, stage) -> None:
    Connection.objects.update(sealed="gAAAAABnothing")
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    assert spectrum.serve() is False
    assert "ERPBRIDGE_ENCRYPTION_KEYS" in spectrum.connection.last_result
    assert stage.status(commitment) == "accepted"


def test_a_message_that_cannot_be_sent_stops_itself_and_no_other(spectrum, stage) -> None:
    """Its credentials hold a character that XML has no place for."""
    set_secrets(spectrum.connection, {"authorization_id": "AUTH\x01"})
    commitment = stage.commitment()
    spectrum.accepted(commitment)
    other = stage.commitment(number="SC-002")
    spectrum.accepted(other)
    spectrum.serve()
    assert (stage.status(commitment), stage.status(other)) == ("accepted", "accepted")
    assert Conversation.objects.filter(state="waiting", tries=1).count() == 2
    assert spectrum.company.calls() == []
    set_secrets(spectrum.connection, {"authorization_id": AUTHORIZATION})
    spectrum.quiet()
    assert (stage.status(commitment), stage.status(other)) == ("synced", "synced")


# --- What is kept of an answer ---


@pytest.mark.parametrize("charset", ["undefined", "idna", "utf-7", "no-such-thing"])
def test_a_charset_that_nobody_can_read_costs_no_answer(charset: str) -> None:
    answer = Answer(
        status=200,
        type=f"text/xml; charset={charset}",
        content="<p>Zoë +2AA- \0</p>".encode(),
        retry_after="",
    )
    str(as_reply(answer)).encode()  # PostgreSQL gets no half characters


def test_only_a_credential_that_stands_alone_is_hidden() -> None:
    text = b"<a>2601</a> job 26010, 2601.00, Not for 2601, sorry: 2601."
    answer = Answer(status=200, type="text/xml", content=text, retry_after="")
    kept = str(as_reply(answer, ["2601"]))
    assert "<a>(hidden)</a> job 26010, 2601.00, Not for" in kept
    assert kept.endswith("sorry: (hidden).")


@pytest.mark.parametrize(
    "told",
    [
        r"""{"error": "DOM\\rea\"der+<\u00e9> is no user"}""",
        r"""{"error": "Failed for \u0027DOM\u005Crea\u0022der\u002B\u003C\u00E9\u003E\u0027."}""",
        "<e>Bad login:&#xA;DOM\\rea&quot;der+&lt;é&gt;</e>",
        "<e>&#39;DOM&#92;rea&#x22;der&#43;&#x03c;&#233;&gt;&#39;</e>",
        "no such user: client_id%3DDOM%5Crea%22der%2B%3C%C3%A9%3E%26scope",
        r"Bad login:\nDOM\\rea\"der+<é>",
    ],
)
def test_a_credential_is_hidden_however_it_is_spelled(told: str) -> None:
    secret = 'DOM\\rea"der+<é>'
    answer = Answer(status=400, type="text/json", content=told.encode(), retry_after="")
    kept = str(as_reply(answer, [secret]))
    assert "(hidden)" in kept
    assert "rea" not in kept
    rows = msgspec.json.encode({"rows": [[f"Hello {secret}"]]}).decode()
    assert as_reply(f"SQL rows\n\n{rows}", [secret]) == 'SQL rows\n\n{"rows":[["Hello (hidden)"]]}'


def test_a_credential_that_only_begins_or_ends_alike_stays() -> None:
    text = b"job%2026010 \\u26010 26010 a26010 26010b"
    answer = Answer(status=200, type="text/plain", content=text, retry_after="")
    assert str(as_reply(answer, ["6010"])).endswith(text.decode())
