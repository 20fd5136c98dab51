"""The demo company is loaded once, whole, by the real steps."""

from __future__ import annotations

import json
import shutil
import stat
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection as database
from django.db import transaction
from django.test import Client, override_settings

from approvals.models import Export, TabCount
from approvals.states import Status
from budgets.models import Budget
from change_events.models import ChangeEvent, ChangeEventLine
from commitments.models import ChangeOrder, Commitment
from commitments.states import ChangeOrderStatus
from connectors import engine
from connectors.models import Connection, Conversation
from connectors.setup import reissue_password
from directory.access import access_to
from directory.models import (
    Category,
    Committed,
    Company,
    CostCode,
    Event,
    JobCost,
    Project,
    User,
    Vendor,
)
from erpbridge.demo import loading, script
from erpbridge.demo.people import access_of
from sandbox.quickbooks import CompanyFile
from sandbox.spectrum import SpectrumCompany
from sandbox.spectrum.__main__ import COMPANY_NAME

URL = "http://localhost:8123"
ALLOWED = [loading.SPECTRUM]

# The fixtures open the database themselves; this has it made when only these tests are run.
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def loaded(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[Path]:
    """The state folder of a demo that is loaded once for all tests here: it takes seconds."""
    folder = tmp_path_factory.mktemp("state")
    cheap = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    here = override_settings(
        STATE_DIR=folder,
        BASE_URL=URL,
        PASSWORD_HASHERS=cheap,
        ALLOWED_ERP_ORIGINS=[loading.SPECTRUM],
    )
    with django_db_blocker.unblock(), transaction.atomic():
        with here:
            loading.load()
        yield folder
        transaction.set_rollback(True)


@pytest.fixture
def demo(loaded: Path, settings, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """That demo with a copy of its files; whatever the test does to it is undone."""
    shutil.copytree(loaded, tmp_path, dirs_exist_ok=True)
    settings.STATE_DIR, settings.BASE_URL = tmp_path, URL
    settings.ALLOWED_ERP_ORIGINS = ALLOWED
    with transaction.atomic():
        yield loading.load()
        transaction.set_rollback(True)


def _everything() -> dict[str, int]:
    """How many rows every table has, and the heads of the histories."""
    with database.cursor() as cursor:
        counts = {}
        for table in database.introspection.table_names(cursor):
            cursor.execute(f'SELECT count(*) FROM "{table}"')
            counts[table] = cursor.fetchone()[0]
        cursor.execute("SELECT sum(hashtext(t::text)) FROM directory_chain t")
        counts["heads"] = cursor.fetchone()[0]
    return counts


def test_a_second_time_changes_nothing(demo, tmp_path: Path) -> None:
    rows = _everything()
    files = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*") if file.is_file()}
    assert loading.load() == demo
    assert _everything() == rows
    assert {file: file.stat().st_mtime_ns for file in files} == files


def test_it_is_a_contractor_one_believes_in(demo) -> None:
    company = Company.objects.get(name="Meridian Builders")
    assert Project.objects.filter(company=company).count() == 3
    assert CostCode.objects.filter(company=company).count() == 80
    assert Category.objects.filter(company=company).count() == 5
    assert Vendor.objects.filter(company=company).count() >= 20
    assert Commitment.objects.filter(company=company).count() == 15
    assert ChangeOrder.objects.filter(company=company).count() == 27
    assert ChangeEvent.objects.filter(company=company).count() == 3
    carried = ChangeEventLine.objects.exclude(change_order_line=None)
    assert set(carried.values_list("commitment__number", flat=True)) == {
        "SC-25003-01",
        "SC-25003-02",
    }
    used = set(ChangeOrder.objects.filter(company=company).values_list("status", flat=True))
    assert used == set(ChangeOrderStatus.values)
    exports = Export.objects.filter(company=company)
    statuses = Counter(exports.values_list("status", flat=True))
    # Exporting lasts a moment; what unlinks is not built yet.
    assert set(statuses) == set(Status) - {Status.EXPORTING, Status.UNLINKING}
    counts = TabCount.objects.filter(company=company, n__gt=0)
    told = {(row.kind, row.status): row.n for row in counts}
    assert told == Counter(exports.values_list("kind", "status"))


def test_the_other_contractor_is_on_spectrum(demo, tmp_path: Path) -> None:
    harbor = Company.objects.get(name="Harbor Construction")
    statuses = set(Export.objects.filter(company=harbor).values_list("status", flat=True))
    assert statuses == set(Status) - {
        Status.EXPORTING,
        Status.UNLINKING,
        Status.ACCEPTED,
    }
    spectrum = SpectrumCompany(tmp_path / "spectrum" / COMPANY_NAME)
    for commitment in Commitment.objects.filter(company=harbor, export__status=Status.SYNCED):
        held = spectrum.subcontract(commitment.number)
        assert held.original == commitment.total, commitment.number
        for each in commitment.change_orders.filter(export__status=Status.SYNCED):
            order = held.change_order(each.export.erp_number)
            assert (order.amount, order.description) == (each.total, each.title)
    partly = Export.objects.get(company=harbor, status=Status.NEEDS_ATTENTION)
    assert "In: the header; 09290/S 58,300.00. Not in: 09220/S 24,650.00." in partly.message
    assert [line.phase for line in spectrum.subcontract("SC-105").phases] == ["09290"]
    estimates = [line.original_estimate for line in spectrum.job_phases("H102", "05120")]
    assert estimates == [Decimal(0), Decimal(152000), Decimal(91000)]
    # Of the change order whose answer was lost one line is there, and nobody knows it yet.
    [lost] = spectrum.subcontract("SC-102").change_orders
    assert lost.amount == Decimal("5600.00")
    spectrum.close()


def test_the_companies_are_strangers_to_each_other(demo) -> None:
    for company in Company.objects.all():
        inside = {person.pk for person in User.objects.filter(memberships__company=company)}
        assert inside
        for person in User.objects.exclude(pk__in=inside):
            assert access_to(person, company).levels == {}
            assert not access_to(person, company).is_approver


def test_where_the_stand_in_for_spectrum_answers_is_written_down_once(demo, tmp_path: Path) -> None:
    loading.load("http://127.0.0.1:8499")
    connection = Connection.objects.get(erp="spectrum")
    assert (connection.address, connection.company_file) == (
        loading.SPECTRUM,
        "127.0.0.1:8482/HBR",
    )
    assert (tmp_path / "spectrum" / loading.ADDRESS).read_text() == loading.SPECTRUM


def test_quickbooks_holds_what_is_synced_and_what_was_lost(demo, tmp_path: Path) -> None:
    books = CompanyFile(tmp_path / "sandbox" / loading.COMPANY_FILE)
    ours = Company.objects.get(name="Meridian Builders")
    for commitment in Commitment.objects.filter(company=ours, export__status=Status.SYNCED):
        order = books.purchase_order(commitment.number)
        arrived = commitment.change_orders.filter(
            export__status__in=[Status.SYNCED, Status.UNKNOWN]
        )
        expected = commitment.total + sum(each.total for each in arrived)
        assert order.total == expected, commitment.number
    [lost] = Export.objects.filter(company=ours, status=Status.UNKNOWN)
    [waiting] = Export.objects.filter(company=ours, status=Status.ACCEPTED)
    assert waiting.parent_id == lost.parent_id
    assert not engine.due().exists(), "what waits behind the lost one does not wake QuickBooks"
    open_ones = Conversation.objects.exclude(state="closed").order_by("place")
    subjects = open_ones.filter(connection__company=ours)
    assert [each.subject for each in subjects] == [str(lost.pk), str(waiting.pk)]


def test_everybody_can_sign_in_and_sees_their_own(demo) -> None:
    for person in demo["people"]:
        client = Client()
        answer = client.post(
            "/accounts/login/", {"login": person["email"], "password": demo["password"]}
        )
        assert (answer.status_code, answer["Location"]) == (302, "/"), person
    ours = Company.objects.get(name="Meridian Builders")
    approvers = {
        person.name
        for person in User.objects.filter(memberships__company=ours)
        if access_to(person, ours).is_approver
    }
    assert approvers == {"Ann Whitfield", "Ben Castellano"}
    olga = User.objects.get(email="olga@harbor.example")
    assert access_to(olga, ours).levels == {}


def test_what_the_stand_in_is_told(demo, tmp_path: Path) -> None:
    told = json.loads((tmp_path / "sandbox" / "sandbox.json").read_text())
    connection = Connection.objects.get(erp="quickbooks")
    assert told["qwc"]["url"] == f"{URL}/qbwc/{connection.pk}/"
    assert told["qwc"]["file_id"] == connection.company_file
    for file in (tmp_path / "demo.json", tmp_path / "sandbox" / "sandbox.json"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert connection.erp_company == "Meridian Builders, Inc."
    assert "not QuickBooks" in connection.facts["product"]


def test_another_port_is_written_down(demo, settings, tmp_path: Path) -> None:
    settings.BASE_URL = "http://localhost:8124"
    loading.load()
    told = json.loads((tmp_path / "sandbox" / "sandbox.json").read_text())
    assert told["qwc"]["url"].startswith("http://localhost:8124/qbwc/")
    assert told["password"] == demo["web_connector"]["password"]


def test_lost_passwords_are_made_anew(demo, tmp_path: Path) -> None:
    (tmp_path / "demo.json").unlink()
    renewed = loading.load()
    assert renewed["password"] != demo["password"]
    assert renewed["web_connector"]["password"] != demo["web_connector"]["password"]
    assert User.objects.get(email="pam@meridian.example").check_password(renewed["password"])


def test_the_printed_block_says_how_to_sign_in(demo, capsys) -> None:
    call_command("load_demo", "--print")
    printed = capsys.readouterr().out
    for person in script.read().everybody():
        assert person.email in printed
        assert person.role in printed
    assert demo["password"] in printed
    assert demo["web_connector"]["user"] in printed
    assert demo["web_connector"]["password"] in printed


def test_the_history_is_sound_and_holds_no_password(demo) -> None:
    call_command("verify_audit")
    connection = Connection.objects.select_related("company").get(erp="quickbooks")
    secret = reissue_password(connection, access_of("dora@meridian.example", connection.company))
    call_command("verify_audit")
    texts = "".join(Event.objects.values_list("body", flat=True))
    for password in (demo["password"], demo["web_connector"]["password"], secret):
        assert password not in texts


def test_one_budget_is_back_from_quickbooks_and_one_a_draft(demo) -> None:
    library = Budget.objects.get(project__number="24-017")
    assert (library.round, library.locked, library.export.status) == (2, True, Status.DRAFT)
    assert not library.awaited()
    assert Committed.objects.filter(project=library.project).exists()
    assert JobCost.objects.filter(project=library.project, actual__gt=0).count() == 3
    clinic = Budget.objects.get(project__number="24-022")
    assert (clinic.round, clinic.locked, clinic.lines.count()) == (1, False, 18)
