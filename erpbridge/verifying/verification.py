"""Looking over everything that is stored, with a report, and a row that keeps what was found."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from django.db.models.functions import Now

from directory.formats import counted
from directory.models import Verification
from erpbridge.verifying import RULES, check, count

KEPT = 10  # faults of each rule that the row shows; the report has all


def verify(tell: Callable[[str], object]) -> Verification:
    """Ask every rule; `tell` gets the report line by line. What was found is kept and returned."""
    run = Verification.objects.create()
    began = monotonic()
    for rule in RULES:
        started = monotonic()
        rows, faults = count(rule), 0
        for fault in check([rule]):
            if not faults:
                tell(f"NOT SO  {rule.words}")
            faults += 1
            tell(f"        {fault}")
            if faults <= KEPT:
                told = {"company": fault.company, "item": fault.item, "what": fault.what}
                run.first.append({"rule": rule.name, **told})
        looked = f"{counted(rows, 'row')} looked at in {monotonic() - started:.1f} s"
        tell(
            f"        Not so {counted(faults, 'time')}, {looked}"
            if faults
            else f"holds   {rule.words} ({looked})"
        )
        run.rows += rows
        run.faults += faults
    run.ended_at = Now()
    run.save()
    run.refresh_from_db()
    found = run.found if run.faults else "Sound"
    tell(f"{found}: {len(RULES)} rules, {counted(run.rows, 'row')}, {monotonic() - began:.1f} s.")
    return run
