"""`bench/results.jsonl`: every result that was ever measured, one JSON line each."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from bench.measuring import Result

CHECKOUT = Path(__file__).resolve().parents[1]
FILE = CHECKOUT / "bench" / "results.jsonl"


def keep(result: Result) -> None:
    """Append it, with what it was measured on."""
    line = {
        "name": result.name,
        "what": result.what,
        "size": result.size,
        "ours": _short(result.ours),
        "against": _short(result.against),
        "unit": result.unit,
        "ratio": _short(result.ratio),
        "goal": str(result.goal),
        "holds": result.holds,
        "spread": _short(result.spread),
        "commit": commit(),
        "machine": machine(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    with FILE.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")


def told(result: Result) -> str:
    """The result on one line, for the terminal."""
    sides = f"{result.ours:.4g} against {result.against:.4g} {result.unit}"
    verdict = "holds " if result.holds else "MISSED"
    return (
        f"{result.name:4} {verdict} {result.ratio:8.3f} (goal {result.goal}, spread "
        f"{result.spread:.0%})  {result.what}: {sides}"
    )


def _short(value: float) -> float:
    return float(f"{value:.4g}")


@cache
def commit() -> str:
    """The commit that is checked out, with + where files differ from it; '' where git is not."""
    try:
        head = _git("rev-parse", "--short=12", "HEAD")
        return head + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


def _git(*arguments: str) -> str:
    command = ["git", "-c", f"safe.directory={CHECKOUT}", *arguments]
    done = subprocess.run(  # noqa: S603
        command, cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@cache
def machine() -> str:
    """Processor, cores and Python, without the machine's name."""
    model = platform.machine()
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return f"{os.cpu_count()} x {model}, Python {platform.python_version()}"
