"""Ann decides on her telephone, with a finger: what she aims at is large enough, and apart."""

from __future__ import annotations

import re
from itertools import combinations

import pytest
from playwright.sync_api import FloatRect, Locator, expect

from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)

LEAST, APART = 28, 6  # px


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    phone = {"width": 390, "height": 844}
    return {**browser_context_args, "viewport": phone, "has_touch": True, "is_mobile": True}


def _place(target: Locator) -> FloatRect:
    place = target.bounding_box()
    assert place is not None, target
    return place


def _is_easy_to_hit(targets: list[Locator]) -> None:
    """None is small, and none so near another that one would be hit for the other."""
    assert targets
    places = [_place(one) for one in targets]
    for place in places:
        assert min(place["width"], place["height"]) >= LEAST, place
    for one, other in combinations(places, 2):
        across = max(one["x"], other["x"]) - min(
            one["x"] + one["width"], other["x"] + other["width"]
        )
        down = max(one["y"], other["y"]) - min(
            one["y"] + one["height"], other["y"] + other["height"]
        )
        assert max(across, down) >= APART, (one, other)


def test_ann_accepts_and_rejects_with_a_finger(stage: Stage, sign_in, screenshot) -> None:
    made = [stage.commitment(number=f"SC-00{n}") for n in range(1, 5)]
    for one in made:
        stage.send(one)
    ann = sign_in(stage.ann)
    ann.goto(f"/companies/{stage.company.pk}/erp/commitments/")
    rows = ann.locator("#queue tbody tr")
    expect(rows).to_have_count(4)
    targets = [*rows.get_by_role("checkbox").all(), *rows.get_by_role("button").all()]
    _is_easy_to_hit(targets)
    screenshot(ann, "touch-1-queue")
    for name in ("SC-001", "SC-002"):
        ann.get_by_label(f"Select {name}").tap()
    expect(ann.get_by_text(re.compile("^2 ticked"))).to_be_visible()
    ann.get_by_role("button", name="Accept ticked").tap()
    expect(ann.get_by_text("2 accepted")).to_be_visible()
    rows.filter(has_text="SC-003").get_by_role("button", name="Reject").tap()
    ann.get_by_label("What has to be changed").fill("Twice the same.")
    dialog = ann.get_by_role("dialog")
    _is_easy_to_hit(dialog.get_by_role("button").all())
    screenshot(ann, "touch-2-reject")
    dialog.get_by_role("button", name="Reject").tap()
    expect(ann.get_by_text("1 rejected")).to_be_visible()

    rows.get_by_role("link", name="SC-004").tap()
    panel = ann.locator("#panel")
    expect(panel.get_by_role("button", name="Accept", exact=True)).to_be_visible()
    _is_easy_to_hit(panel.locator(".panel-actions .btn:visible").all())
    screenshot(ann, "touch-3-item")
    panel.get_by_role("button", name="Accept", exact=True).tap()
    expect(ann.get_by_text("Accepted.").first).to_be_visible()
    assert [stage.status(one) for one in made] == ["accepted", "accepted", "rejected", "accepted"]


def test_all_that_is_shown_is_ticked_with_one_finger(stage: Stage, sign_in, screenshot) -> None:
    made = [stage.commitment(number=f"SC-00{n}") for n in range(1, 4)]
    pam = sign_in(stage.pam)
    pam.goto(f"/projects/{stage.project.pk}/commitments/")
    pam.get_by_label("Select all on this page").tap()
    expect(pam.get_by_text(re.compile("^3 ticked"))).to_be_visible()
    screenshot(pam, "touch-5-commitments")
    pam.get_by_role("button", name="Send ticked to ERP").tap()
    expect(pam.get_by_text("3 sent")).to_be_visible()

    ann = sign_in(stage.ann)
    ann.goto(f"/companies/{stage.company.pk}/erp/commitments/")
    _is_easy_to_hit(ann.locator("#queue table").get_by_role("checkbox").all())
    ann.get_by_text("Select all on this page").tap()
    expect(ann.get_by_text(re.compile("^3 ticked"))).to_be_visible()
    screenshot(ann, "touch-6-queue")
    ann.get_by_role("button", name="Accept ticked").tap()
    expect(ann.get_by_text("3 accepted")).to_be_visible()
    assert {stage.status(one) for one in made} == {"accepted"}


def test_on_a_tablet_nothing_of_the_queue_stands_outside(stage: Stage, sign_in, screenshot) -> None:
    commitment = stage.commitment(number="SC-26010-01")
    stage.synced(commitment)
    stage.send(stage.change_order(commitment, title="Deeper footings, north wing"))
    ann = sign_in(stage.ann)
    for width in (768, 820, 1024, 1180, 1280):
        ann.set_viewport_size({"width": width, "height": 1180})
        ann.goto(f"/companies/{stage.company.pk}/erp/change-orders/")
        table = _place(ann.locator("table.queue"))
        assert table["width"] <= _place(ann.locator(".table-frame"))["width"], width
        buttons = ann.locator("#queue tbody tr").get_by_role("button").all()
        assert [one.inner_text() for one in buttons] == ["Accept", "Reject"]
        for place in map(_place, buttons):
            assert place["x"] + place["width"] <= table["x"] + table["width"], width
        _is_easy_to_hit(buttons)
        screenshot(ann, f"touch-4-queue-{width}")
