"""The schema is generated without a warning, and the try-out page needs no other host."""

import re
import subprocess
import sys

from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern

from directory.idempotency import HEADER_OF_A_REPEAT
from erpbridge import api_urls
from erpbridge.api import nothing
from tests.api.conftest import schema


def test_the_schema_is_valid_and_complete(capsys) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn")
    assert capsys.readouterr().err == ""
    written = {re.sub(r"\{\w+\}", "<>", path) for path in schema()["paths"]}
    served = {
        "/api/" + re.sub(r"<[^>]+>", "<>", str(each.pattern))
        for each in api_urls.urlpatterns
        if isinstance(each, URLPattern)
        and str(each.pattern).startswith("v1/")
        and each.callback is not nothing
    }
    assert written == served


def test_every_operation_has_its_own_name_and_a_sentence() -> None:
    operations = [one for path in schema()["paths"].values() for one in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))
    assert all(operation["description"] for operation in operations)


def test_operations_of_one_address_are_told_apart() -> None:
    for path, operations in schema()["paths"].items():
        summaries = [operation["summary"] for operation in operations.values()]
        assert len(summaries) == len(set(summaries)), (path, summaries)


def test_what_a_line_takes_is_said_where_it_is_sent() -> None:
    parts = schema()["components"]["schemas"]
    for name in ("SovBody", "ChangeBody", "BudgetLineBody", "BudgetPartBody", "EventLineBody"):
        line = parts[name]["properties"]
        for field in ("cost_code", "category", "amount"):
            if field in line:
                assert line[field].get("description"), (name, field)


def test_the_guide_names_every_kind_of_refusal() -> None:
    """And the header of a repeat, which no part of the schema could name before an answer."""
    guide = schema()["info"]["description"]
    written = {
        kind
        for name in ("erpbridge/api.py", "approvals/refusals.py")
        for kind in re.findall(r"urn:erpbridge:[a-z-]+", (settings.BASE_DIR / name).read_text())
    }
    assert written == set(re.findall(r"urn:erpbridge:[a-z-]+", guide))
    for word in ("Idempotency-Key", HEADER_OF_A_REPEAT, "Authorization: Bearer", "Retry-After"):
        assert word in guide


def test_the_schema_is_served(client: Client) -> None:
    response = client.get("/api/schema/")
    assert response.status_code == 200
    assert b"ERP Bridge" in response.content


def test_the_try_out_page_loads_nothing_from_elsewhere(client: Client) -> None:
    page = client.get("/api/docs/")
    assert page.status_code == 200
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.content.decode())
    assert addresses
    assert all(address.startswith("/") and not address.startswith("//") for address in addresses)
    policy = page["Content-Security-Policy"]
    assert "script-src 'self';" in policy + ";"
    assert "style-src 'self' 'unsafe-inline'" in policy
    script = client.get("/api/docs/?script=")
    assert script["Content-Type"] == "application/javascript"
    assert "unsafe-inline" not in client.get("/accounts/login/")["Content-Security-Policy"]


def test_two_who_ask_first_do_not_meet_in_a_schema_half_loaded() -> None:
    """What finds its classes late would do so in two threads at once."""
    code = """
import django
django.setup()
import erpbridge.urls
from drf_spectacular.plumbing import OpenApiGeneratorExtension as Extension
every = [each for kind in Extension.__subclasses__() for each in kind._registry]
print(len(every), [each.__name__ for each in every if isinstance(each.target_class, str)])
"""
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=settings.BASE_DIR, capture_output=True, check=True
    ).stdout.split(maxsplit=1)
    assert int(told[0]) > 20
    assert told[1].strip() == b"[]"
