"""`python -m bench [P1 P9 …]`: measure, print, keep; exit status 1 if a goal was missed.

Needs DATABASE_URL of a server on which databases may be made; `./run bench` brings one.
"""

import os
import sys
from importlib import import_module

import django

BENCHMARKS = {
    "P10": "bench.p10_pairs",
    "P7": "bench.p07_qbxml",
    "P9": "bench.p09_web_connector",
}


def main(names: list[str]) -> int:
    wanted = [name.upper() for name in names] or list(BENCHMARKS)
    if unknown := [name for name in wanted if name not in BENCHMARKS]:
        sys.stderr.write(f"There is no {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}.\n")
        return 2
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.settings"
    django.setup()
    from bench.database import template
    from bench.results import keep, told

    missed = []
    with template():
        for name in wanted:
            for result in import_module(BENCHMARKS[name]).measure():
                print(told(result), flush=True)  # noqa: T201
                keep(result)
                if not result.holds:
                    missed.append(f"{result.name} ({result.what})")
    if missed:
        print(f"\nMissed: {'; '.join(missed)}.")  # noqa: T201
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
