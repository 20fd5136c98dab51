"""What every answer tells browsers, and what is different behind https."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from attachments.models import Attachment
from directory.models import ApiToken
from erpbridge.servers import database
from tests.attachments.files import pdf, upload
from tests.stage import Stage, sign_in

# What is asked of the settings of an installation behind https, in a process of its own.
ASKED = """
import json, django
django.setup()
from django.conf import settings
from django.test import Client
from django.urls import reverse
told = {name: getattr(settings, name) for name in NAMES}
def answered(answer):
    headers = {name.lower(): value for name, value in answer.items()}
    cookies = {one.key: one.OutputString() for one in answer.cookies.values()}
    return {"status": answer.status_code, **headers, "cookies": cookies}
client = Client()
host = {"headers": {"host": "erp.example.com"}}
from directory.http import Messages
told["messages"] = Messages.storage_classes[0].cookie_name
told["login"] = answered(client.get("/accounts/login/", secure=True, **host))
told["http"] = {
    path: answered(client.get(path, **host)) for path in ("/accounts/login/", "/api/v1/companies/",
    "/metrics")
}
told["soap"] = answered(client.post("/qbwc/1/", "", content_type="text/xml", **host))
print(json.dumps(told, default=str))
"""
NAMES = ["SESSION_COOKIE_NAME", "SESSION_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY"]
NAMES += [
    "SESSION_COOKIE_SAMESITE",
    "MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN",
    "OPERATORS_SECOND_FACTOR",
]
NAMES += ["DEBUG", "SESSION_COOKIE_DOMAIN", "SESSION_COOKIE_PATH", "ALLOWED_HOSTS"]


@pytest.fixture(scope="module")
def behind_https() -> dict[str, Any]:
    environment = {
        **os.environ,
        "ERPBRIDGE_BASE_URL": "https://erp.example.com",
        "ERPBRIDGE_SECRET_KEY": "x" * 60,
        "DJANGO_SETTINGS_MODULE": "erpbridge.settings",
    }
    asked = ASKED.replace("NAMES", repr(NAMES))
    ran = subprocess.run(
        [sys.executable, "-c", asked],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def test_behind_https_cookies_belong_to_this_host_alone(behind_https: dict[str, Any]) -> None:
    told = behind_https
    assert told["SESSION_COOKIE_NAME"] == "__Host-session"
    assert told["messages"] == "__Host-messages"
    assert told["SESSION_COOKIE_SECURE"] is told["SESSION_COOKIE_HTTPONLY"] is True
    assert (told["SESSION_COOKIE_DOMAIN"], told["SESSION_COOKIE_PATH"]) == (None, "/")
    assert told["SESSION_COOKIE_SAMESITE"] == "Lax"
    [(name, cookie)] = told["login"]["cookies"].items()
    assert name == "__Host-csrf"
    for attribute in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert attribute in cookie
    assert "Domain" not in cookie


def test_behind_https_browsers_stay_there(behind_https: dict[str, Any]) -> None:
    said = behind_https["login"]["strict-transport-security"]
    assert "max-age=31536000" in said
    assert "includeSubDomains" in said
    assert behind_https["OPERATORS_SECOND_FACTOR"] is True
    assert behind_https["MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN"] is False
    assert behind_https["DEBUG"] is False


def test_people_are_led_to_https_and_programs_are_refused(behind_https: dict[str, Any]) -> None:
    http = behind_https["http"]
    page = http["/accounts/login/"]
    assert (page["status"], page["location"][:24]) == (301, "https://erp.example.com/")
    assert [http[path]["status"] for path in ("/api/v1/companies/", "/metrics")] == [403, 403]
    assert behind_https["soap"]["status"] == 403


@pytest.mark.django_db
def test_every_answer_says_what_it_may_do_and_who_may_frame_it(stage: Stage) -> None:
    pam, nobody = Client(), Client()
    sign_in(pam, stage.pam)
    key = {"Authorization": f"Bearer {ApiToken.make(stage.ann, 'reports')}"}
    commitment, door = stage.commitment(), f"/qbwc/{stage.connection.pk}/"
    files = f"/projects/{stage.project.pk}/commitments/{commitment.pk}/"
    address = f"/exports/{commitment.export_id}/attachments/"
    assert pam.post(address, {"file": upload("a.pdf", pdf())}).status_code == 302
    file = Attachment.objects.get().pk
    answers = {
        "a page": pam.get(files),
        "what is not there": pam.get("/nope/"),
        "a foreign name": nobody.get("/", headers={"host": "evil.example"}),
        "signing in": nobody.get("/accounts/login/"),
        "a file": pam.get(f"{address}{file}/"),
        "the API": nobody.get("/api/v1/companies/", headers=key),
        "its faults": nobody.get("/api/v1/companies/"),
        "its schema": nobody.get("/api/schema/"),
        "the door's description": nobody.get(door),
        "the door": nobody.post(door, "x", content_type="text/xml"),
        "health": nobody.get("/health/live/"),
        "a script": nobody.get("/static/app.js"),
    }
    assert answers["a file"].status_code == 200
    for what, answer in answers.items():
        policy = {rule.strip() for rule in answer["Content-Security-Policy"].split(";")}
        assert {"default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} <= policy, what
        scripts = {rule for rule in policy if rule.startswith("script-src")}
        assert scripts <= {"script-src 'self'"}, what
        assert answer["X-Content-Type-Options"] == "nosniff", what
        assert answer["Referrer-Policy"] == "same-origin", what
        assert "Access-Control-Allow-Origin" not in answer, what
        kind = answer["Content-Type"]
        assert "charset=" in kind or not kind.startswith("text/"), what
        answer.close()


@pytest.mark.django_db
def test_no_address_answers_a_trace(stage: Stage) -> None:
    dora = Client()
    sign_in(dora, stage.dora)
    company, project = stage.company.pk, stage.project.pk
    for address in ("/", "/account/", f"/companies/{company}/erp/commitments/", "/health/live/"):
        assert dora.trace(address).status_code == 405, address
    for address in (f"/projects/{project}/", "/api/v1/companies/", "/static/app.css"):
        assert dora.trace(address).status_code in (404, 405), address


def test_no_folder_is_listed(client: Client) -> None:
    assert client.get("/static/").status_code == 404
    assert client.get("/static/vendor/").status_code == 404


def test_a_database_elsewhere_is_reached_as_its_address_says() -> None:
    found = database(
        "postgresql://erp:s%40me@db.example.com:5433/books?sslmode=verify-full&sslrootcert=/ca.pem"
    )
    assert (found["HOST"], found["PORT"], found["NAME"]) == ("db.example.com", "5433", "books")
    assert found["PASSWORD"] == "s@me"
    assert found["OPTIONS"]["sslmode"] == "verify-full"
    assert found["OPTIONS"]["sslrootcert"] == "/ca.pem"
    assert "idle_in_transaction" in found["OPTIONS"]["options"]
    assert database("postgresql:///books?host=/run/pg")["HOST"] == "/run/pg"


def test_no_web_process_serves_with_the_key_that_everybody_can_read() -> None:
    environment = {k: v for k, v in os.environ.items() if k != "ERPBRIDGE_SECRET_KEY"}
    ran = subprocess.run(
        [sys.executable, "-c", "import erpbridge.wsgi"],
        cwd=settings.BASE_DIR,
        env=environment | {"DJANGO_SETTINGS_MODULE": "erpbridge.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode != 0
    assert "Set ERPBRIDGE_SECRET_KEY" in ran.stderr


@pytest.mark.parametrize(("loads", "limit"), [("erpbridge.wsgi", "1min"), ("erpbridge", "0")])
def test_no_statement_of_a_page_takes_for_ever(loads: str, limit: str) -> None:
    """Those of workers may: they look over all that is stored."""
    environment = {k: v for k, v in os.environ.items() if k != "ERPBRIDGE_STATEMENT_SECONDS"}
    ask = f"""
import django, {loads}
django.setup()
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SHOW statement_timeout")
    print(cursor.fetchone()[0])
"""
    ran = subprocess.run(
        [sys.executable, "-c", ask],
        cwd=settings.BASE_DIR,
        env=environment | {"DJANGO_SETTINGS_MODULE": "erpbridge.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == [limit]
