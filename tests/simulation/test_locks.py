"""The watch over the order of locks sees transactions, not what was left of the last one."""

from __future__ import annotations

import pytest
from django.db import transaction

from connectors.models import Lane
from directory.models import Company
from tests.simulation.database import Killed
from tests.simulation.site import Site


@pytest.mark.parametrize("moment", [1, 2], ids=["before it commits", "after it"])
def test_a_process_that_was_killed_holds_no_lock(quickbooks_site: Site, moment: int) -> None:
    database = quickbooks_site.database
    database.moments.arm(moment, Killed)
    with pytest.raises(Killed), transaction.atomic():
        Lane.objects.select_for_update().get()
    with transaction.atomic():
        Company.objects.select_for_update().get(pk=quickbooks_site.stage.company.pk)
    assert not database.locks.wrong


def test_the_wrong_order_is_seen(quickbooks_site: Site) -> None:
    with transaction.atomic():
        Lane.objects.select_for_update().get()
        Company.objects.select_for_update().get(pk=quickbooks_site.stage.company.pk)
    assert quickbooks_site.database.locks.wrong == "the company locked after the lane"
