"""Two people at the same moment in the directory: one waits for the other, nobody is refused."""

from collections.abc import Callable
from threading import Thread

import pytest
from django.db import connection, connections, transaction

from commitments.workflow import create_commitment
from directory.access import keep_an_administrator
from directory.history import Happened, append, faults
from directory.models import Membership, Vendor
from directory.perms import Level, Tool
from directory.workflow import save, set_levels
from tests.commitments.entering import subcontract
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_vendor_is_renamed_while_a_commitment_with_it_is_made(stage: Stage) -> None:
    vendor = Vendor.objects.get(pk=stage.vendor.pk)
    vendor.name = "Ironwood Concrete LLC"
    dora, pam = stage.access(stage.dora), stage.access(stage.pam)
    with Meanwhile(lambda: save(vendor, by=dora)) as other, transaction.atomic():
        create_commitment(project=stage.project, by=pam, data=subcontract(stage))
        other.begin()
    assert other.faults == []
    assert Vendor.objects.get(pk=vendor.pk).name == "Ironwood Concrete LLC"


def test_two_administrators_change_levels(stage: Stage) -> None:
    dora = stage.access(stage.dora)
    pam, own = (
        Membership.objects.get(company=stage.company, user=user) for user in (stage.pam, stage.dora)
    )
    wanted = [(Tool.ERP, None, Level.READ), (Tool.DIRECTORY, None, Level.READ)]
    with Meanwhile(lambda: set_levels(pam, wanted, by=dora)) as other, transaction.atomic():
        with pytest.raises(Exception, match="last one"):
            keep_an_administrator(own)
        other.begin()
        append(stage.company.pk, [Happened("level", "user:0")])
    assert other.faults == []
    assert list(faults(stage.company.pk)) == []


class Meanwhile:
    """Somebody else's verb on a connection of its own; `begin` returns once it waits for us."""

    def __init__(self, verb: Callable[[], object]) -> None:
        self.verb, self.faults = verb, list[BaseException]()
        self.thread = Thread(target=self._run)

    def __enter__(self) -> "Meanwhile":
        return self

    def __exit__(self, *_: object) -> None:
        self.thread.join(30)

    def begin(self) -> None:
        self.thread.start()
        with connection.cursor() as cursor:
            waits = False
            while self.thread.is_alive() and not waits:
                cursor.execute(
                    "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted"
                    " AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))"
                )
                [waits] = cursor.fetchone()

    def _run(self) -> None:
        try:
            self.verb()
        except BaseException as fault:
            self.faults.append(fault)
        finally:
            connections.close_all()
