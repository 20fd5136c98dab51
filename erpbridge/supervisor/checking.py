"""`test`, `check`, `simulate` and `bench`: the whole suite, everything that needs no suite, the
simulation, the benchmarks."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Literal

from erpbridge.supervisor import Refusal, places, say, state
from erpbridge.supervisor.children import dies_with_us
from erpbridge.supervisor.postgres import FORGETFUL
from erpbridge.supervisor.stack import Stack, StaticFiles, Stopping, foreground, stop_on_signals

BROWSER_TESTS = places.CHECKOUT / "tests" / "browser"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DEBIAN_PACKAGES = ("chromium", "fonts-dejavu-core", "libatomic1")
MOST_PROCESSES = 4
NO_BROWSER = (
    "There is no Chromium that Playwright could drive (on Debian: apt-get install chromium "
    "libatomic1; one elsewhere is named in CHROMIUM)."
)


def test(arguments: list[str]) -> int:
    """pytest on databases that are thrown away; its exit status. `--full`: with large counts."""
    environment = {}
    if "--full" in arguments:
        arguments = [argument for argument in arguments if argument != "--full"]
        environment["ERPBRIDGE_FULL"] = "1"
    skipped = False
    wanted = share_of_browser_tests(arguments)
    if wanted != "none":
        browser = _browser()
        if browser:
            environment["CHROMIUM"] = browser
        elif wanted == "all":
            raise Refusal(NO_BROWSER)
        else:
            skipped = True
            arguments = [*arguments, f"--ignore={BROWSER_TESTS}"]
    stop_on_signals()
    try:
        with state.thrown_away("test") as where, Stack(where, "http://localhost:8000") as stack:
            collecting = StaticFiles(stack)
            stack.start_databases(FORGETFUL)
            collecting.finish()
            command = [sys.executable, "-m", "pytest", *_side_by_side(arguments), *arguments]
            status = foreground(command, stack.environment | environment)
    except Stopping:
        return 130
    if skipped:
        say(f"\nTHE BROWSER TESTS WERE SKIPPED. {NO_BROWSER}")
        if os.environ.get("CI"):
            say("In CI that is a failure.")
            return status or 1
    return status


def _side_by_side(arguments: Sequence[str]) -> list[str]:
    """The whole suite runs in as many processes as there are processors, each with databases of
    its own; what is named is too little for that."""
    processes = min(os.cpu_count() or 1, MOST_PROCESSES)
    if _named(arguments) or processes == 1 or any(one.startswith("-n") for one in arguments):
        return []
    return [f"-n{processes}", "--dist=worksteal"]


def share_of_browser_tests(arguments: Sequence[str]) -> Literal["none", "some", "all"]:
    """How much of what these arguments of pytest select lies in tests/browser."""
    paths = _named(arguments) or [BROWSER_TESTS.parent]
    if all(path.is_relative_to(BROWSER_TESTS) for path in paths):
        return "all"
    return "some" if any(_touches(path, BROWSER_TESTS) for path in paths) else "none"


def _named(arguments: Sequence[str]) -> list[Path]:
    """The files and folders that these arguments of pytest name."""
    named = [
        places.CHECKOUT / argument.split("::")[0]
        for before, argument in pairwise(["", *arguments])
        if not argument.startswith("-") and before not in {"--ignore", "--deselect"}
    ]
    return [path.resolve() for path in named if path.exists()]


def _touches(path: Path, folder: Path) -> bool:
    return path.is_relative_to(folder) or folder.is_relative_to(path)


def _browser() -> str | None:
    """A Chromium that Playwright can drive: $CHROMIUM, or one on the PATH. For root on Debian it is
    installed if it is not there yet."""
    if not _drivable() and places.is_root() and shutil.which("apt-get"):
        say("Installing Chromium for the browser tests (once) …")
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = ["install", "-qq", "-y", "--no-install-recommends", *DEBIAN_PACKAGES]
        for arguments in (["update", "-qq"], install):
            subprocess.run(["apt-get", *arguments], env=quiet, check=False)  # noqa: S603, S607
    return _drivable()


def _drivable() -> str | None:
    """A Chromium that is here, unless Playwright's driver lacks a library of the machine."""
    driver = os.environ.get("PLAYWRIGHT_NODEJS_PATH") or places.package("playwright", "driver/node")
    if not driver:
        return None
    version = subprocess.run([driver, "--version"], capture_output=True, check=False)  # noqa: S603
    if version.returncode:
        return None
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)


def check() -> int:
    """Format, lint, types, layers, migrations, deployment settings: all of them, then a verdict."""
    stop_on_signals()
    try:
        with state.thrown_away("check") as where, Stack(where, "https://erp.example.com") as stack:
            stack.start_databases(FORGETFUL)
            failed = _run_all(_checks(), stack.environment)
    except Stopping:
        return 130
    say(f"\nFailed: {', '.join(failed)}." if failed else "\nAll checks passed.")
    return 1 if failed else 0


def _checks() -> dict[str, list[str]]:
    python = [sys.executable, "-m"]
    manage = [sys.executable, "manage.py"]
    layers = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return {
        "types (mypy)": [*python, "mypy", "."],
        "format (ruff)": [*python, "ruff", "format", "--check", "."],
        "lint (ruff)": [*python, "ruff", "check", "."],
        "templates (djade)": [str(places.venv() / "bin" / "djade"), "--check", *_templates()],
        "layers (import-linter)": [sys.executable, "-c", layers],
        "migrations": [*manage, "makemigrations", "--check", "--dry-run"],
        "deployment": [*manage, "check", "--deploy", "--fail-level", "WARNING"],
    }


def _run_all(commands: dict[str, list[str]], environment: dict[str, str]) -> list[str]:
    """Runs the commands side by side, prints what the failing ones said; their names."""
    with ExitStack() as files:
        running = {}
        for name, command in commands.items():
            output = files.enter_context(tempfile.TemporaryFile())
            process = subprocess.Popen(  # noqa: S603
                command,
                cwd=places.CHECKOUT,
                env={**os.environ, **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=dies_with_us(signal.SIGTERM),
            )
            running[name] = process, output
        failed = []
        for name, (process, output) in running.items():
            passed = process.wait() == 0
            say(f"{'ok    ' if passed else 'FAILED'}  {name}")
            if not passed:
                failed.append(name)
                output.seek(0)
                say(output.read().decode(errors="replace"))
    return failed


def _templates() -> list[str]:
    """Django's templates; those of rows are Jinja, which djade does not know."""
    folder = places.CHECKOUT / "templates"
    rows = folder / "rows"
    return [str(file) for file in sorted(folder.rglob("*.html")) if rows not in file.parents]


def simulate(arguments: list[str]) -> int:
    """The simulation, on a database that is thrown away; its exit status."""
    stop_on_signals()
    try:
        with (
            state.thrown_away("simulate") as where,
            Stack(where, "http://localhost:8000") as stack,
        ):
            stack.start_databases(FORGETFUL)
            command = [sys.executable, "-m", "tests.simulation", *arguments]
            # A seed is the same story in every process.
            return foreground(command, stack.environment | {"PYTHONHASHSEED": "0"})
    except Stopping:
        return 130


def bench(names: list[str]) -> int:
    """The benchmarks, on databases that are kept for the next time and do sync to disk."""
    stop_on_signals()
    try:
        where = state.kept("bench")
        with where.held(), Stack(where, "http://localhost:8000") as stack:
            collecting = StaticFiles(stack)
            stack.start_databases({"shared_buffers": "512MB", "max_wal_size": "4GB"})
            collecting.finish()
            stack.prepare()
            return foreground([sys.executable, "-m", "bench", *names], stack.environment)
    except Stopping:
        return 130
