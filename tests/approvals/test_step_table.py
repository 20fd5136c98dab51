"""The table of steps, as people agreed on it: `approvals.states` says the same, and no more.

All else is derived from there, tests among it; so what it says is written down here once more.
"""

from approvals.states import STEPS, VIEW_OF

TABLE = """
send             draft, rejected, retrieved > sent             sender
retrieve         sent                       > retrieved        sender
reject           failed, sent               > rejected         approver
accept           sent                       > accepted         approver
undo-acceptance  accepted                   > sent             approver
begin            accepted                   > exporting        worker
put-back         exporting                  > accepted         worker
succeed          exporting, unknown         > synced           worker
fail             exporting, unknown         > failed           worker
lose             exporting                  > unknown          worker
found-not-there  unknown                    > accepted         worker
cannot-tell      exporting, unknown         > needs_attention  worker
stop-waiting     unknown                    > needs_attention  approver
retry            failed, needs_attention    > accepted         approver
record-found     needs_attention            > synced           approver
record-absent    needs_attention            > failed           approver
adopt            draft, rejected, retrieved > synced           approver
unlink           synced                     > unlinking        approver
gone             unlinking                  > draft            worker
still-there      unlinking                  > synced           worker
stop-checking    unlinking                  > synced           approver
"""
VIEWS = """
none      draft, retrieved
ready     sent
progress  accepted, exporting, unknown, unlinking
failed    failed, needs_attention
synced    synced
rejected  rejected
"""


def test_these_are_the_steps() -> None:
    rows = [
        f"{step.name:<16} {', '.join(sorted(step.sources)):<26} > {step.target:<16} {step.who}"
        for step in STEPS.values()
    ]
    assert rows == TABLE.strip().splitlines()


def test_each_status_stands_in_one_view() -> None:
    rows = [
        f"{view:<9} {', '.join(status for status in VIEW_OF if VIEW_OF[status] == view)}"
        for view in dict.fromkeys(VIEW_OF.values())
    ]
    assert sorted(rows) == sorted(VIEWS.strip().splitlines())
