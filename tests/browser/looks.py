"""A page as people see it: at a desk and on a telephone, light and dark."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Locator, Page

WIDE, NARROW = 1280, 390


def left_of(shown: Locator) -> int:
    """Where what is in an element begins, in px from the left of the window."""
    left: float = shown.evaluate(
        "one => { const all = document.createRange(); all.selectNodeContents(one);"
        " return Math.min(...[...all.getClientRects()].map((box) => box.left)); }"
    )
    return round(left)


def in_every_look(page: Page, screenshot: Callable[[Page, str], None], name: str) -> None:
    """Keep the page as NAME-WIDTH-THEME in each look; it may not be wider than the window."""
    # A click has only begun to bring the next page when it comes back.
    page.wait_for_load_state()
    page.emulate_media(reduced_motion="reduce")
    for width in (WIDE, NARROW):
        page.set_viewport_size({"width": width, "height": 900})
        for theme in ("light", "dark"):
            page.evaluate("theme => document.documentElement.dataset.bsTheme = theme", theme)
            screenshot(page, f"{name}-{width}-{theme}")
        across = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert across <= 0, f"{name} is {across} px too wide at {width}"
    page.set_viewport_size({"width": WIDE, "height": 900})
    page.evaluate("document.documentElement.dataset.bsTheme = 'light'")
