"""What people type is shown and never carried out: every page, with markup in every name."""

from __future__ import annotations

import pytest
from django.db.models import F, Model, Value
from django.db.models.functions import Concat

from change_events.models import ChangeEvent
from commitments.models import ChangeOrder, Commitment
from directory.models import Category, Company, CostCode, Job, Project, User, Vendor
from tests.stage import Stage
from tests.test_permissions import ask, at, client_of, rows

__all__ = ["at"]
MARK = "\"'><i x=1>{{7*7}}"
CARRIED_OUT = ("'><i x=1>", "\"'>", "&#x27;&gt;<i")
NAMES: dict[type[Model], str] = {
    Company: "name",
    Project: "name",
    Vendor: "name",
    CostCode: "name",
    Category: "name",
}
NAMES |= {Job: "name", User: "name", Commitment: "title", ChangeOrder: "title"}
NAMES |= {ChangeEvent: "title"}


@pytest.fixture
def hostile(stage: Stage) -> None:
    """Before anything is sent, so that what was sent holds it, too."""
    _marked([Company, Project, Vendor, CostCode, Job, User])


def _marked(models: list[type[Model]]) -> None:
    for model in models:
        marked = Concat(F(NAMES[model]), Value(MARK))
        model._default_manager.update(**{NAMES[model]: marked})


@pytest.mark.parametrize("name", ["Pam", "Ann", "Dora", "Otto"])
def test_no_page_carries_out_what_a_name_holds(
    stage: Stage, hostile: None, at: dict[str, int], name: str
) -> None:
    _marked([Commitment, ChangeOrder, ChangeEvent, Category])
    client, wrong, shown = client_of(stage, name), [], 0
    for row in rows():
        if row.expected[name] != 200 and row.expected[name] != 422:
            continue
        answer = ask(client, at, row)
        if not answer["Content-Type"].startswith("text/html"):
            continue
        page = answer.getvalue().decode()
        shown += "&lt;i x=1&gt;{{7*7}}" in page
        wrong += [f"{row}: {one}" for one in CARRIED_OUT if one in page]
    assert wrong == []
    assert shown > 3, "the names stand there"
