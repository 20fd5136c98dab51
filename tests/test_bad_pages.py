"""What a browser never sends: pages refuse it in words, change nothing, and never break."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client, RequestFactory
from django.views.defaults import server_error

from directory.models import User
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def signed_in(person: User, *, enforce_csrf_checks: bool = False) -> Client:
    client = Client(enforce_csrf_checks=enforce_csrf_checks)
    client.force_login(person)
    return client


def test_a_nul_is_refused_wherever_it_is_typed(stage: Stage) -> None:
    company, project = stage.company.pk, stage.project.pk
    dora, ann = signed_in(stage.dora), signed_in(stage.ann)
    for address in (
        "/?q=%00",
        f"/projects/{project}/commitments/?after=a%00",
        f"/companies/{company}/erp/commitments/?q=%00",
        f"/companies/{company}/directory/?after=%00",
        f"/companies/{company}/directory/vendors/?q=a%00b",
    ):
        answer = dora.get(address)
        assert answer.status_code == 400, address
        assert "Nothing was changed" in answer.content.decode()
    commitment = stage.commitment()
    stage.send(commitment)
    answer = ann.post(
        f"/exports/{commitment.export_id}/reject/",
        {"version": stage.export(commitment).version, "note": "a\0b"},
    )
    assert answer.status_code == 400
    assert stage.status(commitment) == "sent"


def test_what_went_wrong_is_told_in_our_look_and_without_the_database() -> None:
    answer = server_error(RequestFactory().get("/"))
    assert answer.status_code == 500
    assert "Something went wrong here" in answer.content.decode()
    assert re.search(r'rel="stylesheet" href="[^"]*app[^"]*\.css"', answer.content.decode())


def test_every_form_says_where_it_goes() -> None:
    """A page may stand under the address where the password was entered: what is mended there and
    sent once more must not go to that."""
    silent = [
        path.name
        for path in (settings.BASE_DIR / "templates").rglob("*")
        if path.is_file()
        for form in re.findall(r"<form\b[^>]*>", path.read_text())
        if "action=" not in form and 'method="get"' not in form
    ]
    assert silent == []


def test_a_form_that_is_too_large_is_refused_in_words(stage: Stage) -> None:
    page = f"/companies/{stage.company.pk}/directory/vendors/new/"
    dora = signed_in(stage.dora)
    long = "name=" + "x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    many = "name=x&" * (settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1)
    for sent in (long, many):
        answer = dora.post(page, sent, content_type="application/x-www-form-urlencoded")
        assert answer.status_code == 400
        assert "too large" in answer.content.decode()


def test_who_opens_the_address_of_a_form_is_led_to_its_page(stage: Stage) -> None:
    """As happens to who was signed out before they pressed the button."""
    commitment = stage.commitment()
    stage.send(commitment)
    stage.ann.set_password("a long enough password")
    stage.ann.save()
    client, item = Client(), f"/exports/{commitment.export_id}/"
    asked = client.post(f"{item}accept/", {"version": "1"})
    entered = {"login": stage.ann.email, "password": "a long enough password"}
    assert asked["Location"] == f"/accounts/login/?next={item}accept/"
    answer = client.post("/accounts/login/", {**entered, "next": f"{item}accept/"}, follow=True)
    assert answer.redirect_chain[-1][0] == item
    assert "Nothing was done just now." in answer.content.decode()
    assert stage.status(commitment) == "sent"


def test_a_page_from_before_the_sign_in_says_so(stage: Stage) -> None:
    """A form without the session's secret: an old page, or another site's."""
    answer = signed_in(stage.dora, enforce_csrf_checks=True).post(
        f"/companies/{stage.company.pk}/erp/connection/sync/"
    )
    assert answer.status_code == 403
    told = answer.content.decode()
    assert "Load the page again" in told
    assert "CSRF verification" not in told


@pytest.mark.parametrize("number", ["9" * 5000, "9" * 18, "٣", "-1", "1.0", "", "x"])
def test_versions_that_nothing_has(stage: Stage, number: str) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    ann, export = signed_in(stage.ann), commitment.export_id
    page = f"/exports/{export}/"
    assert ann.post(f"{page}accept/", {"version": number}).status_code == 409
    bulk = f"/companies/{stage.company.pk}/erp/commitments/bulk/accept/"
    for item in (f"{export}:{number}", f"{number}:1"):
        answer = ann.post(bulk, {"item": item})
        assert answer.status_code in (200, 409)
    assert stage.status(commitment) == "sent"


def test_where_a_decision_leads_is_one_of_our_own_pages(stage: Stage) -> None:
    elsewhere = ("https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example")
    other = ("elsewhere", "%2f%2felsewhere.example", "javascript:alert(1)", "٣", "9" * 5000)
    for number, back in enumerate((*elsewhere, *other)):
        for field in ("back", "then"):
            commitment = stage.commitment(number=f"{field}-{number}")
            stage.send(commitment)
            page = f"/exports/{commitment.export_id}/"
            version = stage.export(commitment).version
            answer = signed_in(stage.ann).post(
                f"{page}reject/", {"version": version, "note": "No.", field: back}
            )
            assert answer.status_code == 302
            assert answer["Location"] == page


def test_a_comment_that_nobody_would_read(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    page = f"/exports/{commitment.export_id}/"
    sent = {"version": stage.export(commitment).version, "note": "x" * 10_001}
    answer = signed_in(stage.ann).post(f"{page}reject/", sent, follow=True)
    assert "10,000 are possible" in answer.content.decode()
    assert stage.status(commitment) == "sent"


def test_guessing_passwords_ends_in_words(stage: Stage) -> None:
    guessing = Client(REMOTE_ADDR="203.0.113.7")
    guess = {"password": "not the password"}
    for number in range(130):
        answer = guessing.post("/accounts/login/", guess | {"login": f"{number}@test.example"})
        if answer.status_code == 429:
            break
    assert answer.status_code == 429
    assert "In one minute you may try again" in answer.content.decode()


def test_guessing_one_password_is_stopped_in_every_web_process(stage: Stage) -> None:
    """What is counted stands in the database, where each of them looks."""
    stage.pam.set_password("correct horse battery")
    stage.pam.save()
    for _ in range(5):
        guessing = Client(REMOTE_ADDR="203.0.113.7")
        guess = {"login": stage.pam.email, "password": "not the password"}
        assert guessing.post("/accounts/login/", guess).status_code == 200
    right = {"login": stage.pam.email, "password": "correct horse battery"}
    answer = Client(REMOTE_ADDR="203.0.113.7").post("/accounts/login/", right)
    assert answer.status_code == 200
    assert "Try again in five minutes" in answer.content.decode()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM cache WHERE cache_key LIKE '%login_failed%'")
        assert cursor.fetchone()[0] > 0


def test_what_a_page_showed_is_kept_by_nobody(stage: Stage) -> None:
    pam = signed_in(stage.pam)
    for address in ("/", f"/projects/{stage.project.pk}/commitments/", "/accounts/login/"):
        kept = pam.get(address)["Cache-Control"]
        assert "no-store" in kept
        assert "private" in kept
