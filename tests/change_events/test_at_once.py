"""Several people with one change event at the same moment: no deadlock, no line carried twice."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from change_events.models import ChangeEventLine
from change_events.workflow import create_change_orders, detach, load_event, update_event
from commitments.models import ChangeOrder
from commitments.workflow import delete_change_order, load_change_order
from directory.history import faults
from tests.attachments.files import png, upload
from tests.change_events.conftest import event, ids, line
from tests.change_events.entering import event_entry
from tests.commitments.test_at_once import at_once
from tests.directory.test_locks import Meanwhile
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_line_is_carried_once(stage: Stage, pam) -> None:
    made = event(stage, line(commitment=stage.commitment().pk))
    create = partial(create_change_orders, made, by=pam, version=0, lines=ids(made))
    ended = at_once(*[create] * 6)
    assert ended == {"done": 1, "Stale": 5}
    assert ChangeOrder.objects.count() == 1


def test_one_deletes_what_others_carry_edit_and_take_out(stage: Stage, pam) -> None:
    first, second = stage.commitment(number="SC-001"), stage.commitment(number="SC-002")
    for _ in range(12):
        made = event(
            stage,
            line("1", commitment=first.pk),
            line("2", commitment=second.pk),
            line("3", commitment=first.pk),
        )
        one, other = create_change_orders(made, by=pam, version=0, lines=ids(made, 1, 2))
        now = load_event(made.pk)
        access = {"by": pam, "version": now.version}
        ended = at_once(
            partial(delete_change_order, load_change_order(one.pk), by=pam, version=0),
            partial(delete_change_order, load_change_order(other.pk), by=pam, version=0),
            partial(create_change_orders, now, lines=ids(made, 3), **access),
            partial(detach, now, lines=ids(made, 1), **access),
            partial(update_event, now, data=event_entry(now), **access),
        )
        assert set(ended) <= {"done", "Stale", "Invalid"}, ended
        for each in ChangeEventLine.objects.filter(event=made).exclude(change_order_line=None):
            assert each.change_order_line is not None
            assert each.change_order_line.amount == each.amount
    assert list(faults(stage.company.pk)) == []


def test_a_file_is_attached_while_a_line_leaves_its_change_order(
    stage: Stage, pam, client: Client
) -> None:
    """Whoever attaches has nothing to look at again: the line is none of theirs."""
    made = event(stage, line(commitment=stage.commitment().pk))
    [order] = create_change_orders(made, by=pam, version=0, lines=ids(made))
    answers: list[Any] = []
    client.force_login(stage.pam)
    photo = {"file": upload("wall.png", png())}

    def attach() -> None:
        address = f"{made.get_absolute_url()}attachments/"
        answers.append(client.post(address, photo, follow=True))

    with Meanwhile(attach) as other, transaction.atomic():
        delete_change_order(load_change_order(order.pk), by=pam, version=0)
        other.begin()
    assert other.faults == []
    assert "Attached: wall.png." in answers[0].content.decode()
    now = load_event(made.pk)
    assert now.lines.get().change_order_line is None
    assert list(faults(stage.company.pk)) == []
