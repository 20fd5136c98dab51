"""Two companies connect the same company of a Spectrum at the same moment: the second is told."""

from __future__ import annotations

import pytest
from django.db import transaction

from connectors.models import Connection
from connectors.setup import change_connection, create_connection
from directory.access import access_to
from directory.entered import Invalid
from tests.connectors.test_settings import ACCESS, ADDRESS
from tests.directory.test_locks import Meanwhile
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)

THEIRS = "spectrum.harbor.example:8482/HBR"


def test_the_same_one_is_connected_twice_at_once(stage: Stage) -> None:
    olga = access_to(stage.olga, stage.other)
    connect = Meanwhile(lambda: create_connection(stage.other, "spectrum", olga, ACCESS))
    with connect as other, transaction.atomic():
        Connection.objects.filter(pk=stage.connection.pk).update(company_file=THEIRS)
        other.begin()
    [fault] = other.faults
    assert isinstance(fault, Invalid)
    assert [one.field for one in fault.faults] == ["company_code"]
    assert not Connection.objects.filter(company=stage.other).exists()


def test_one_is_moved_to_where_another_is_being_connected(stage: Stage) -> None:
    olga = access_to(stage.olga, stage.other)
    entered = {**ACCESS, "company_code": "OLD"}
    made, _ = create_connection(stage.other, "spectrum", olga, entered)
    move = Meanwhile(lambda: change_connection(made, olga, {"company_code": "HBR"}))
    with move as other, transaction.atomic():
        Connection.objects.filter(pk=stage.connection.pk).update(company_file=THEIRS)
        other.begin()
    [fault] = other.faults
    assert isinstance(fault, Invalid)
    kept = Connection.objects.get(company=stage.other)
    assert (kept.address, kept.settings["company_code"]) == (ADDRESS, "OLD")
