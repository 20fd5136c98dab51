"""`test`, `check` and `bench`: the whole suite, everything that needs no suite, the benchmarks."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from erpbridge.supervisor import places, say, state
from erpbridge.supervisor.children import dies_with_us
from erpbridge.supervisor.postgres import FORGETFUL
from erpbridge.supervisor.stack import Stack, StaticFiles, Stopping, foreground, stop_on_signals

BROWSER_TESTS = Path("tests/browser")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def test(arguments: list[str]) -> int:
    """pytest on databases that are thrown away; its exit status. `--full`: with large counts."""
    environment = {}
    if "--full" in arguments:
        arguments = [argument for argument in arguments if argument != "--full"]
        environment["ERPBRIDGE_FULL"] = "1"
    missing_browser = False
    if _selects_browser_tests(arguments):
        browser = _browser()
        if browser:
            environment["CHROMIUM"] = browser
        else:
            missing_browser = True
            arguments = [*arguments, f"--ignore={BROWSER_TESTS}"]
    stop_on_signals()
    try:
        with state.thrown_away("test") as where, Stack(where, "http://localhost:8000") as stack:
            collecting = StaticFiles(stack)
            stack.start_databases(FORGETFUL)
            collecting.finish()
            command = [sys.executable, "-m", "pytest", *arguments]
            status = foreground(command, stack.environment | environment)
    except Stopping:
        return 130
    if missing_browser:
        say(
            "\nTHE BROWSER TESTS WERE SKIPPED: there is no Chromium. Install one "
            "(Debian: apt-get install chromium) or name one in CHROMIUM."
        )
        if os.environ.get("CI"):
            say("In CI that is a failure.")
            return status or 1
    return status


def _selects_browser_tests(arguments: Sequence[str]) -> bool:
    """Whether pytest, given these arguments, would look into tests/browser."""
    folder = (places.CHECKOUT / BROWSER_TESTS).resolve()
    if not folder.is_dir():
        return False
    named = [argument.split("::")[0] for argument in arguments if not argument.startswith("-")]
    paths = [places.CHECKOUT / name for name in named if (places.CHECKOUT / name).exists()]
    return not paths or any(
        folder.is_relative_to(path.resolve()) or path.resolve().is_relative_to(folder)
        for path in paths
    )


def _browser() -> str | None:
    """A Chromium: $CHROMIUM, one on the PATH, or, for root on Debian, one installed now."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None and places.is_root() and shutil.which("apt-get"):
        say("Installing Chromium for the browser tests (once) …")
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for arguments in (
            ["update", "-qq"],
            ["install", "-qq", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core"],
        ):
            subprocess.run(["apt-get", *arguments], env=quiet, check=False)  # noqa: S603, S607
        found = next(filter(None, map(shutil.which, BROWSERS)), None)
    return found


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


def bench(names: list[str]) -> int:
    """The benchmarks, on databases that are kept for the next time and do sync to disk."""
    stop_on_signals()
    try:
        where = state.kept("bench")
        with where.held(), Stack(where, "http://localhost:8000") as stack:
            stack.start_databases({"shared_buffers": "512MB", "max_wal_size": "4GB"})
            return foreground([sys.executable, "-m", "bench", *names], stack.environment)
    except Stopping:
        return 130
