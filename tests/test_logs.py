"""Logs say which company, item and conversation a line is about, and never a secret."""

from __future__ import annotations

import json
import logging
import logging.config
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from connectors import engine
from connectors.models import Message, Session
from directory.tokens import make_token
from erpbridge.logs import formatter
from tests.stage import PASSWORD, Stage, sign_in

Lines = Callable[[], list[dict[str, object]]]


@pytest.fixture
def lines(tmp_path) -> Iterator[Lines]:
    """What is logged while a test runs, as the application writes it."""
    config: dict[str, Any] = dict(settings.LOGGING)
    formatter = logging.config.dictConfigClass(config).configure_formatter(
        dict(config["formatters"]["line"])
    )
    file = logging.FileHandler(tmp_path / "log")
    file.setFormatter(formatter)
    root = logging.getLogger()
    level = root.level
    root.addHandler(file)
    root.setLevel(logging.INFO)

    def read() -> list[dict[str, object]]:
        file.flush()
        return [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]

    yield read
    root.setLevel(level)
    root.removeHandler(file)
    file.close()


def test_the_way_of_an_item_can_be_followed(stage: Stage, lines: Lines) -> None:
    export = stage.synced(stage.commitment())
    told = lines()
    steps = [line for line in told if line.get("exports") == [export.pk]]
    assert [line["event"] for line in steps] == ["send", "accept", "begin", "succeed"]
    assert {line["company"] for line in steps} == {stage.company.pk}
    assert steps[1]["by"] == stage.ann.pk
    session = Session.objects.get()
    assert [line["session"] for line in steps[2:]] == [session.pk, session.pk]
    assert {line["connection"] for line in steps[2:]} == {stage.connection.pk}
    wrote = Message.objects.get(writes=True)
    assert "message" not in steps[2], "it begins before there is one"
    assert steps[3]["message"] == wrote.pk
    [ended] = [line for line in told if line["event"] == "A session ended"]
    assert "message" not in ended
    assert all(line["level"] == "info" and line["timestamp"] for line in steps)


def test_an_answer_that_cannot_be_read_is_told_with_its_item(stage: Stage, lines: Lines) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    export = stage.accept(commitment)
    session = engine.open_session(stage.connection.pk)
    assert isinstance(session, Session)
    assert engine.next_message(session) is not None
    engine.receive(session, "<no></such>")
    [line] = [line for line in lines() if line["level"] == "error"]
    assert line["export"] == export.pk
    assert line["message"] == Message.objects.get().pk
    assert line["session"] == session.pk
    assert "Traceback" in str(line["exception"])


@pytest.mark.django_db(transaction=True)
def test_what_follows_from_a_workers_call_is_told_with_its_message(
    stage: Stage, lines: Lines
) -> None:
    """Also where the worker still has in hand what it sent."""
    stage.send(commitment := stage.commitment())
    stage.accept(commitment)
    session = engine.open_session(stage.connection.pk)
    assert isinstance(session, Session)
    session.scripts = {}
    message = engine.next_message(session)
    while message is not None:
        last = message
        message = engine.exchange(session, last, stage.books.answer(last.body))
    [line] = [line for line in lines() if line["event"] == "succeed"]
    assert line["message"] == last.pk


def test_each_request_has_a_name_of_its_own(stage: Stage, lines: Lines) -> None:
    client = Client()
    sign_in(client, stage.pam)
    for _ in range(2):
        client.get("/no/such/page/")
    names = [line["request"] for line in lines() if line["logger"] == "django.request"]
    assert len(set(names)) == 2


def test_whoever_calls_us_by_a_foreign_name_leaves_one_line(stage: Stage, lines: Lines) -> None:
    """Scanners do so all day; where in the code it was noticed is of use to nobody."""
    answer = Client().get("/accounts/login/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    [line] = lines()
    assert "evil.example" in str(line["event"])
    assert "exception" not in line
    assert line["level"] == "warning", "nothing went wrong here"


def test_secrets_are_not_written_down(stage: Stage, lines: Lines) -> None:
    _, key = make_token(stage.otto, "Prometheus", None)
    log = logging.getLogger("somewhere")
    log.info("asked with %s", key)
    log.info("Authorization: Bearer %s", key)
    log.info("postgresql://erpbridge:hush-hush@localhost/x")
    log.info("<strPassword>%s</strPassword>", PASSWORD)
    log.info("<sp:Authorization_ID>hush-hush</sp:Authorization_ID>")
    try:
        raise ValueError(f"no room for {key}")
    except ValueError:
        log.exception("that went wrong")
    written = json.dumps(lines())
    for secret in (key, "hush-hush", PASSWORD):
        assert secret not in written
    assert written.count("(hidden)") >= 6


def test_what_somebody_sends_begins_no_line_of_its_own(stage: Stage, lines: Lines) -> None:
    forged = '\n{"event": "Signed in", "person": 1}\r\n\x1b[2J'
    logging.getLogger("somewhere").warning("asked for %s", forged)
    Client().get("/%0a%7b%22event%22:%20%22Signed%20in%22%7d/")
    assert len(lines()) == 2
    assert {line["event"] for line in lines()}.isdisjoint({"Signed in"})


def test_lines_for_reading_show_no_variables(tmp_path) -> None:
    """With ERPBRIDGE_DEBUG, too: what a function held when it failed may be a password."""
    config = logging.config.dictConfigClass({})
    file = logging.FileHandler(tmp_path / "log")
    file.setFormatter(config.configure_formatter(formatter(debug=True)))
    log = logging.Logger("somewhere")
    log.addHandler(file)

    def sign_in_there(password: str) -> None:
        raise ValueError("it is not let in")

    try:
        sign_in_there(PASSWORD)
    except ValueError:
        log.exception("that went wrong")
    file.close()
    written = (tmp_path / "log").read_text()
    assert "it is not let in" in written
    assert "Traceback" in written
    assert PASSWORD not in written
