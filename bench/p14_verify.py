"""P14: `manage.py verify`, all rules over everything that is stored.

The other side is the same on a tenth: time per export, and the memory of the process that asks and
reads the answers, have to stay the same.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection, Iterator

from bench import installation
from bench.database import database
from bench.measuring import Goal, Result, timed
from bench.results import CHECKOUT

SLOWER = Goal(1.3)
LARGER = Goal(1.2)


def measure(_wanted: Collection[str], large: int) -> Iterator[Result]:
    small = large // 10
    seconds, memory = zip(*(_verified(size) for size in (small, large)), strict=True)
    each = [taken / size * 1e6 for taken, size in zip(seconds, (small, large), strict=True)]
    what = f"verify, {seconds[1]:.0f} s for {large:,} exports"
    yield Result("P14", what, large, each[1], each[0], "µs each", each[1] / each[0], SLOWER)
    yield Result(
        "P14",
        f"memory of verify, {large:,} exports",
        large,
        memory[1],
        memory[0],
        "MB",
        memory[1] / memory[0],
        LARGER,
    )


def _verified(size: int) -> tuple[float, float]:
    """Seconds that it takes, and MB that its process needs at most. All must be sound."""
    with database("p14") as url:
        installation.build(size)
        peak = [0.0]

        def run() -> None:
            command = [sys.executable, "-c", _COMMAND]
            env = {**os.environ, "DATABASE_URL": url}
            done = subprocess.run(  # noqa: S603
                command, env=env, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=False
            )
            *report, last = done.stdout.splitlines()
            print("\n".join(report), file=sys.stderr)  # noqa: T201
            if done.returncode:
                raise SystemExit("What the benchmark made is not sound.")
            peak[0] = float(last) / 1024

        return timed(run), peak[0]


_COMMAND = """
import re
import django
django.setup()
from django.core.management import call_command
call_command("verify")
# Not getrusage: that tells of the process that this one was forked from, too.
print(re.search("VmHWM:\\s+([0-9]+)", open("/proc/self/status").read())[1])
"""
