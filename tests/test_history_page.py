"""A company's history, as Dora reads it: who did what to which document, and when."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from django.test import Client

from approvals.comparing import request_comparison
from directory.models import Event, User
from erpbridge import company_history
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def page(stage: Stage, **query: Any) -> str:
    answer = signed_in(stage.dora).get(f"/companies/{stage.company.pk}/history/", query)
    assert answer.status_code == 200
    return answer.content.decode()


def places(html: str) -> list[int]:
    return [
        int(place) for place in re.findall(r'<td class="money muted a-corner">(\d+)</td>', html)
    ]


def rejected(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    change_order = stage.change_order(commitment)
    stage.send(change_order)
    stage.step("reject", change_order, stage.ann, note="Line 1 is =wrong.")


def test_dora_reads_who_did_what(stage: Stage) -> None:
    rejected(stage)
    html = page(stage)
    assert "Commitment Change Order 001 of SC-001" in html
    assert "Rejected (Sent to accounting → Rejected by accounting)" in html
    assert "Line 1 is =wrong." in html
    assert places(html) == sorted(places(html), reverse=True)


def test_what_was_asked_of_the_connection_is_told_in_words(stage: Stage) -> None:
    stage.synced(stage.commitment())
    request_comparison(stage.connection, stage.access(stage.ann))
    html = page(stage)
    assert f"Connection of {stage.company}" in html
    assert "asked for a comparison with what the ERP holds" in html


def test_it_is_narrowed_by_person_item_and_days(stage: Stage) -> None:
    rejected(stage)
    events = Event.objects.filter(chain__company=stage.company)
    by_ann = events.filter(actor=stage.ann)
    assert places(page(stage, who=stage.ann.pk)) == [e.seq for e in by_ann.order_by("-seq")]
    about = by_ann.order_by("seq").last()
    assert about is not None
    one = events.filter(subject=about.subject).order_by("-seq")
    assert places(page(stage, about=about.subject)) == [e.seq for e in one]
    day = about.at.date().isoformat()
    assert about.seq in places(page(stage, **{"from": day, "to": day}))
    assert places(page(stage, to="2020-01-01")) == []
    assert places(page(stage, who=stage.olga.pk)) == []


def test_what_cannot_be_read_is_said(stage: Stage) -> None:
    html = page(stage, **{"from": "31.3.2026", "about": "secret:1", "who": "x"})
    assert "“31.3.2026” is no day." in html
    assert "There is nothing of this kind in the history." in html


def test_pages_show_every_event_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    rejected(stage)
    everything = places(page(stage))
    monkeypatch.setattr(company_history, "PAGE", 4)
    seen, query = [], ""
    while True:
        answer = signed_in(stage.dora).get(f"/companies/{stage.company.pk}/history/{query}")
        html = answer.content.decode()
        seen += places(html)
        older = re.search(r'href="(\?[^"]+)" rel="next"', html)
        if older is None:
            break
        query = older[1].replace("&amp;", "&")
    assert seen == everything


def test_a_longer_history_costs_no_more_queries(
    stage: Stage, django_assert_max_num_queries: Any
) -> None:
    rejected(stage)
    client = signed_in(stage.dora)
    where = f"/companies/{stage.company.pk}/history/"
    client.get(where)
    with django_assert_max_num_queries(11):
        client.get(where)
    for n in range(20):
        stage.send(stage.commitment(number=f"SC-1{n:02d}"))
    with django_assert_max_num_queries(11):
        assert len(places(client.get(where).content.decode())) > 20


def test_the_file_holds_everything_and_runs_nothing(stage: Stage) -> None:
    rejected(stage)
    answer = signed_in(stage.dora).get(f"/companies/{stage.company.pk}/history.csv")
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    events = Event.objects.filter(chain__company=stage.company).order_by("-seq")
    assert [(row["Place"], row["Hash"]) for row in rows] == [(str(e.seq), e.hash) for e in events]
    assert rows[0]["Details"] == "Line 1 is =wrong."
    assert rows[0]["Who"] == stage.ann.name
