"""The connection to PostgreSQL is cut, above all during COMMIT: nobody knows what became of it.

The web process lives on and says so to the Web Connector, whose next visits bring everything to its
end: what was committed is there, what was not is done again, and QuickBooks has each change once.
"""

from __future__ import annotations

import pytest

from tests.faults.aftermath import accepted, assert_all_ended, assert_once, visit_until_quiet
from tests.faults.conftest import FULL, Servers
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_connection_is_cut_around_commits(stage: Stage, servers: Servers) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    cut = 0
    for point in range(1, 61 if FULL else 31, 1 if FULL else 2):
        if point % 50 == 0:  # the Memo of one order has no room for more
            commitment = stage.commitment(number=f"SC-{point:03}")
            stage.synced(commitment)
        change_order = accepted(stage, commitment, f"{point:03}")
        address = servers.start(point, "cut")
        visit = stage.web_connector(address).run_once()
        visit_until_quiet(stage, address)  # the same process, with a new connection
        assert_once(stage, change_order, f"point {point}: {visit.message}")
        cut += visit.outcome == "error"
    assert cut > 7, "the connections were not cut"
    assert_all_ended()
