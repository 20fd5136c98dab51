"""`python -m bench [P1 P9 …]`: measure, print, keep; exit status 1 if a goal was missed.

Needs DATABASE_URL of a server on which databases may be made; `./run bench` brings one.
"""

import argparse
import os
import signal
import sys
from importlib import import_module

import django

MODULES = {
    "P1": "p01_to_p04_queue",
    "P2": "p01_to_p04_queue",
    "P3": "p01_to_p04_queue",
    "P4": "p01_to_p04_queue",
    "P5": "p05_accepting",
    "P6": "p06_engine",
    "P7": "p07_qbxml",
    "P8": "p08_many_projects",
    "P9": "p09_web_connector",
    "P10": "p10_pairs",
    "P11": "p11_document",
    "P12": "p12_budget",
    "P13": "p13_simulation",
    "P14": "p14_verify",
}
LARGE = 1_000_000


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./run bench")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MODULES))
    parser.add_argument("--large", type=int, default=LARGE, help="exports in the large database")
    options = parser.parse_args(arguments)
    wanted = [name.upper() for name in options.names] or list(MODULES)
    if unknown := [name for name in wanted if name not in MODULES]:
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(MODULES)}")
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.settings"
    django.setup()
    # Whoever stops it waits until its servers and databases are gone.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    from bench.database import template
    from bench.results import keep, told

    missed = []
    with template():
        for module in dict.fromkeys(MODULES[name] for name in MODULES if name in wanted):
            for result in import_module(f"bench.{module}").measure(wanted, options.large):
                print(told(result), flush=True)  # noqa: T201
                keep(result)
                if not result.holds:
                    missed.append(f"{result.name} ({result.what})")
    if missed:
        print(f"\nMissed: {'; '.join(missed)}.")  # noqa: T201
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
