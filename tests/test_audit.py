"""tools/audit.sh never says that all is well where nobody could be asked.

What pip-audit prints was seen; a program that prints the same stands in for it here.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from django.conf import settings

SKIPPED = "django Dependency not found on PyPI and could not be audited: django (4.2.0)"
KNOWN = "django 4.2.0 PYSEC-2023-61 4.2.1"
CLEAN = "No known vulnerabilities found"
TOOL = """#!/bin/sh
case "$*" in
  *--strict*--require-hashes*requirements/*.lock) echo '{locks}'; exit {status};;
  *old.txt) echo '{old}'; exit {old_status};;
esac
exit 9
"""


@pytest.mark.parametrize(
    ("old", "old_status", "locks", "status", "verdict", "words"),
    [
        (SKIPPED, 0, CLEAN, 0, 2, "NOT AUDITED"),
        ("Failed to resolve 'api.osv.dev'", 1, CLEAN, 0, 2, "NOT AUDITED"),
        (KNOWN, 1, CLEAN, 0, 0, "nothing is known of any package"),
        (KNOWN, 1, "lxml 1.0 GHSA-xxxx", 1, 1, "SOMETHING IS KNOWN"),
        (KNOWN, 1, SKIPPED, 1, 1, "could not be asked about"),
    ],
)
def test_a_verdict_is_only_given_by_who_knows_something(
    tmp_path: Path, old: str, old_status: int, locks: str, status: int, verdict: int, words: str
) -> None:
    tool = tmp_path / "pip-audit"
    quoted = {"locks": locks.replace("'", ""), "old": old.replace("'", "")}
    tool.write_text(TOOL.format(status=status, old_status=old_status, **quoted))
    tool.chmod(0o755)
    ran = subprocess.run(
        ["tools/audit.sh"],
        cwd=settings.BASE_DIR,
        env={"AUDIT_TOOL": str(tool), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == verdict, ran.stderr
    assert words in ran.stdout + ran.stderr
