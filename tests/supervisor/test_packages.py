"""What is installed where, and what the image runs."""

import os
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from erpbridge.supervisor import checking, install, places, processes, usage


def pinned(lock: str) -> dict[str, str]:
    text = install.lock_file(lock).read_text(encoding="utf-8")
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", text, re.MULTILINE))


def test_the_set_of_developers_holds_the_set_of_servers_at_the_same_versions():
    assert pinned("image").items() <= pinned("run").items() <= pinned("dev").items()
    assert not {"psycopg", "psycopg-binary"} & pinned("dev").keys()


def test_an_environment_fits_only_when_its_installation_was_finished(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    assert not install.fits("run", tmp_path)
    (tmp_path / "installed").write_text(install.stamp("dev", tmp_path))
    assert install.fits("run", tmp_path)
    assert install.fits("dev", tmp_path)
    (tmp_path / "installed").write_text(install.stamp("run", tmp_path))
    assert install.fits("run", tmp_path)
    assert not install.fits("dev", tmp_path)


def test_the_image_runs_what_the_supervisor_runs():
    services = yaml.safe_load((places.CHECKOUT / "docker-compose.yml").read_text())["services"]
    assert set(services) == {"postgres", "redis", "migrate", "web", "worker", "beat"}
    python = ["python", "-m"]
    assert services["web"]["command"] == python + processes.web("0.0.0.0", 8000)
    assert services["worker"]["command"] == python + processes.worker()
    assert services["beat"]["command"] == python + processes.beat()
    assert services["postgres"]["image"] == "postgres:18"


def test_the_image_holds_nothing_that_production_does_not_need(tmp_path):
    """No history of the sources, no tests, no stand-ins and no demo; it works without them."""
    left_out = (places.CHECKOUT / ".dockerignore").read_text().split()
    assert {".*", "var", "tests", "bench", "docs", "sandbox", "erpbridge/demo"} <= set(left_out)

    def ignored(folder: str, names: list[str]) -> list[str]:
        here = Path(folder).relative_to(places.CHECKOUT)
        return [
            name
            for name in names
            if name == "__pycache__" or any(fnmatch(str(here / name), one) for one in left_out)
        ]

    image = tmp_path / "erpbridge"
    shutil.copytree(places.CHECKOUT, image, ignore=ignored)
    assert not (image / "sandbox").exists()
    assert not (image / "erpbridge" / "demo").exists()
    ask = "import erpbridge.wsgi, erpbridge.celery; from django.core.management import call_command"
    ran = subprocess.run(
        [sys.executable, "-c", f"{ask}; call_command('check')"],
        cwd=image,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "erpbridge.settings", "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "no issues" in ran.stdout


@pytest.mark.parametrize(
    ("arguments", "share"),
    [
        ([], "some"),
        (["-q", "tests"], "some"),
        (["-k", "pam"], "some"),
        (["--deselect", "tests/supervisor"], "some"),
        (["tests/supervisor", "tests/test_story.py::test_one"], "none"),
        (["tests/browser"], "all"),
        (["tests/browser", "tests/supervisor"], "some"),
    ],
)
def test_a_browser_is_looked_for_only_when_browser_tests_are_asked_for(arguments, share):
    assert checking.share_of_browser_tests(arguments) == share


def test_every_command_is_explained():
    assert usage.COMMANDS == [
        "demo",
        "serve",
        "story",
        "operator",
        "manage",
        "test",
        "simulate",
        "check",
        "bench",
    ]


def test_what_is_played_with_the_tests_has_their_packages():
    assert {"test", "simulate", "check", "bench"} == install.FOR_DEVELOPERS
    assert set(usage.COMMANDS) >= install.FOR_DEVELOPERS
