"""Chromium, driven by Playwright, against our own pages. Screenshots stay in var/screenshots."""

import os
import shutil
from pathlib import Path

import pytest

# Playwright's own loop runs in this thread; Django must not mistake it for an async view.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
SCREENSHOTS = Path(__file__).resolve().parents[2] / "var" / "screenshots"
QUIET = [
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": QUIET}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    return {**browser_context_args, "viewport": {"width": 1280, "height": 900}}


@pytest.fixture
def screenshot():
    """Keeps a page as var/screenshots/NAME.png."""
    folder = Path(os.environ.get("ERPBRIDGE_SCREENSHOTS", SCREENSHOTS))
    folder.mkdir(parents=True, exist_ok=True)

    def keep(page, name: str) -> None:
        page.screenshot(path=str(folder / f"{name}.png"), full_page=True)

    return keep


@pytest.fixture
def sign_in(browser, browser_context_args, live_server):
    """Signs a person in, in a browser of their own; fails on any request to another host."""
    contexts = []

    def enter(person):
        person.set_password("a long enough password")
        person.save()
        context = browser.new_context(**browser_context_args, base_url=live_server.url)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: _only_ours(request.url, live_server.url))
        page.on("pageerror", lambda error: pytest.fail(f"A script failed: {error}"))
        page.goto("/accounts/login/")
        page.get_by_label("Email").fill(person.email)
        page.get_by_label("Password", exact=True).fill("a long enough password")
        page.get_by_role("button", name="Sign in").click()
        return page

    yield enter
    for context in contexts:
        context.close()


def _only_ours(url: str, ours: str) -> None:
    if not url.startswith((ours, "data:")):
        pytest.fail(f"A page asked another host: {url}")
