"""The API is tried out in the browser, signed in as oneself."""

import pytest
from playwright.sync_api import expect

from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


def test_ann_accepts_an_item_on_the_try_out_page(
    stage: Stage, live_server, sign_in, screenshot
) -> None:
    export = stage.send(stage.commitment())
    ann = sign_in(stage.ann)
    complaints: list[str] = []
    ann.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    ann.goto("/api/docs/")
    step = ann.locator("#operations-exports-export_step")
    step.get_by_role("button").first.click()
    step.get_by_role("button", name="Try it out").click()
    step.locator("tr[data-param-name=id] input").fill(str(export.pk))
    step.locator("tr[data-param-name=step] select").select_option("accept")
    step.locator("textarea").fill('{"version": 1}')
    step.get_by_role("button", name="Execute").click()
    expect(step.locator(".live-responses-table")).to_contain_text('"status": "accepted"')
    screenshot(ann, "api-try-out")
    assert complaints == []
