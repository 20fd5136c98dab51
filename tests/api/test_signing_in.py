"""Programs show a personal token, browsers their session."""

from datetime import timedelta

from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from directory.models import ApiToken, Event, Membership
from tests.api.conftest import Program
from tests.stage import Stage, sign_in


def test_a_token_speaks_for_its_person(stage: Stage, program: Program) -> None:
    [company] = program(stage.ann).get("companies/")["results"]
    assert company["name"] == "Meridian Builders"
    assert company["tools"] == {"erp": "Standard"}


def test_only_the_digest_of_a_token_is_kept(stage: Stage) -> None:
    key = ApiToken.make(stage.ann, "reports")
    assert key not in str(list(ApiToken.objects.values()))


def test_an_unknown_token_opens_nothing(stage: Stage) -> None:
    for shown in ("Bearer eb_wrong", "Bearer ", "Bearer \xff"):
        response = APIClient().get("/api/v1/companies/", headers={"Authorization": shown})
        assert response.status_code == 401, shown
        assert response["WWW-Authenticate"].startswith("Bearer")
        assert response["Content-Type"] == "application/problem+json"


def test_who_shows_nothing_is_told_what_to_show() -> None:
    for headers in ({}, {"Authorization": "Token eb_x"}):
        response = APIClient().get("/api/v1/companies/", headers=headers)
        assert response.status_code == 401
        assert "Authorization: Bearer" in response.json()["detail"]


def test_a_token_ends_with_its_person(stage: Stage, program: Program) -> None:
    ann = program(stage.ann)
    Membership.objects.filter(user=stage.ann).update(is_active=False)
    ann.get("exports/", 404, company=stage.company.pk, kind="commitment")
    stage.ann.is_active = False
    stage.ann.save()
    ann.get("companies/", 401)


def test_a_browser_uses_its_session_and_shows_where_the_form_came_from(stage: Stage) -> None:
    export = stage.send(stage.commitment())
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(stage.ann)
    assert browser.get(f"/api/v1/exports/{export.pk}/").status_code == 200
    address, body = f"/api/v1/exports/{export.pk}/accept/", {"version": export.version}
    refused = browser.post(address, body, content_type="application/json")
    assert (refused.status_code, refused["Content-Type"]) == (403, "application/problem+json")
    assert "CSRF" in refused.json()["detail"]
    browser.cookies["csrftoken"] = "x" * 32
    accepted = browser.post(
        address, body, content_type="application/json", headers={"X-CSRFToken": "x" * 32}
    )
    assert accepted.json()["status"] == "accepted"


def test_a_person_makes_and_withdraws_tokens_in_the_browser(stage: Stage, program: Program) -> None:
    browser = Client()
    browser.force_login(stage.ann)
    body = {"name": "reports", "days": 90}
    refused = browser.post("/api/v1/tokens/", body, content_type="application/json")
    assert refused.status_code == 403
    assert "Enter your password again" in refused.json()["detail"]
    sign_in(browser, stage.ann)
    made = browser.post("/api/v1/tokens/", body, content_type="application/json")
    assert made.status_code == 201
    shown = {"Authorization": f"Bearer {made.json()['key']}"}
    assert Client().get("/api/v1/companies/", headers=shown).status_code == 200
    [row] = browser.get("/api/v1/tokens/").json()["results"]
    assert (row["name"], "key" in row) == ("reports", False)
    assert row["last_used_at"] is not None
    assert row["expires_at"] > row["created_at"]

    # Neither the token itself nor another person's program may make or withdraw any.
    asked = Client().post(
        "/api/v1/tokens/", {"name": "more"}, content_type="application/json", headers=shown
    )
    assert asked.status_code == 403
    bea = program(stage.bea)
    bea.delete(f"tokens/{row['id']}/", 403)
    assert [own["name"] for own in bea.get("tokens/")["results"]] == ["tests"]
    foreign = Client()
    foreign.force_login(stage.bea)
    assert foreign.delete(f"/api/v1/tokens/{row['id']}/").status_code == 404

    assert browser.delete(f"/api/v1/tokens/{row['id']}/").status_code == 204
    assert Client().get("/api/v1/companies/", headers=shown).status_code == 401
    assert browser.delete(f"/api/v1/tokens/{row['id']}/").status_code == 404
    [row] = browser.get("/api/v1/tokens/").json()["results"]
    assert row["revoked_at"] is not None, "it stays to be read"
    events = Event.objects.filter(subject=f"user:{stage.ann.pk}", verb__endswith="-token")
    assert list(events.values_list("verb", flat=True)) == ["make-token", "revoke-token"]


def test_a_token_expires(stage: Stage) -> None:
    yesterday = timezone.now() - timedelta(days=1)
    for expires_at, status in ((yesterday, 401), (yesterday + timedelta(days=2), 200)):
        key = ApiToken.make(stage.ann, "reports", expires_at)
        shown = {"Authorization": f"Bearer {key}"}
        assert Client().get("/api/v1/companies/", headers=shown).status_code == status
