"""What several steps of one transaction write into the history is written once, as it ends."""

from __future__ import annotations

from contextlib import AbstractContextManager

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from directory.deferred_writes import at_the_end
from directory.history import Happened, append
from directory.models import Event
from tests import factories

pytestmark = pytest.mark.django_db


def told(company: int) -> list[str]:
    events = Event.objects.filter(chain__company=company).order_by("seq")
    return list(events.values_list("verb", flat=True))


def breaks_within(block: AbstractContextManager[None], company: int) -> None:
    with block:
        append(company, [Happened("begin", "export:2")])
        raise LookupError


def test_two_steps_lock_the_history_once_and_at_the_end() -> None:
    company = factories.CompanyFactory.create()
    append(company.pk, [Happened("create", "export:1")])
    with CaptureQueriesContext(connection) as asked, transaction.atomic(), at_the_end():
        append(company.pk, [Happened("succeed", "export:1")])
        append(company.pk, [Happened("begin", "export:2")])
        assert not any("directory_chain" in one["sql"] for one in asked)
    locks = [one["sql"] for one in asked if "FOR UPDATE" in one["sql"]]
    assert len(locks) == 1
    assert told(company.pk) == ["create", "succeed", "begin"]


def test_what_is_undone_alone_is_not_told() -> None:
    company = factories.CompanyFactory.create()
    with transaction.atomic(), at_the_end():
        append(company.pk, [Happened("succeed", "export:1")])
        with pytest.raises(LookupError):
            breaks_within(transaction.atomic(), company.pk)
    assert told(company.pk) == ["succeed"]


def test_nothing_is_told_of_what_fails_as_a_whole() -> None:
    company = factories.CompanyFactory.create()
    with pytest.raises(LookupError), transaction.atomic():
        breaks_within(at_the_end(), company.pk)
    assert told(company.pk) == []
    append(company.pk, [Happened("begin", "export:3")])
    assert told(company.pk) == ["begin"]
