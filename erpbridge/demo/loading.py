"""Loads the demo once, and writes down what people and the stand-ins have to know.

Files of the state folder, readable by their owner alone: `demo.json` (logins, the Web Connector's
password), `sandbox/` (the company file, and `sandbox.json`, which the stand-in for QuickBooks
reads) and `spectrum/` (the company that the stand-in for Spectrum opens, and its address).
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from connectors.models import Connection
from connectors.quickbooks import OWNER_ID
from connectors.setup import reissue_password
from connectors.syncing import request_sync
from directory import workflow
from directory.access import Access
from directory.models import Company, Job, Project, User
from erpbridge.demo import documents, people, script
from erpbridge.demo.journey import Accounting, Journey
from erpbridge.demo.quickbooks import QuickBooks
from erpbridge.demo.spectrum import Spectrum
from sandbox.spectrum.__main__ import COMPANY_NAME

COMPANY_FILE = "meridian.qbw"
POLL_SECONDS = 3
SPECTRUM = "http://127.0.0.1:8482"  # where the stand-in answers, unless it is told otherwise
ADDRESS = "address"  # the file that says where


def load(spectrum: str = SPECTRUM) -> dict[str, Any]:
    """Load the demo unless it is there; returns what `demo.json` holds.

    `spectrum` is the address at which the stand-in for Spectrum answers from the first time on: it
    is part of where documents go. It has to be allowed to be called.

    The database is written in one transaction, the books of the stand-ins anew before it: whatever
    dies half-way, the next call begins at the beginning. Passwords that were lost are made anew.
    """
    demo = script.read()
    company = Company.objects.filter(name=demo.meridian.name).first()
    told = known()
    if company is None:
        told = _build(demo, spectrum)
    elif told is None or not _fits(told, company):
        told = _renew(demo, company)
    _write(_known_file(), told)
    _write(
        _folder("sandbox") / "sandbox.json",
        {
            "qwc": {
                "app_name": "ERP Bridge",
                "url": f"{settings.BASE_URL}/qbwc/{told['connection']}/",
                "user": told["web_connector"]["user"],
                "owner_id": OWNER_ID,
                "file_id": told["web_connector"]["company_file"],
            },
            "password": told["web_connector"]["password"],
            "company_file": COMPANY_FILE,
            "company_name": demo.meridian.quickbooks.company_name,
            "every": POLL_SECONDS,
        },
    )
    return told


def known() -> dict[str, Any] | None:
    """What `demo.json` holds; None where there is none that can be read."""
    try:
        told: dict[str, Any] = json.loads(_known_file().read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return told


def _build(demo: script.Script, address: str) -> dict[str, Any]:
    quickbooks = QuickBooks(_folder("sandbox") / COMPANY_FILE, demo.meridian)
    spectrum = Spectrum(_folder("spectrum") / COMPANY_NAME, demo.harbor)
    password = f"demo-{secrets.token_hex(4)}"
    with transaction.atomic():
        operator = people.make_operator(demo.operator)
        meridian = people.make_company(demo.meridian, operator)
        harbor = people.make_company(demo.harbor, operator)
        people.set_password(demo.everybody(), password)
        people.grant_privileges(demo.meridian, meridian, operator)
        people.grant_privileges(demo.harbor, harbor, operator)
        secret = quickbooks.connect(_administrator(demo.meridian, meridian))
        _bring(demo.meridian, meridian, quickbooks)
        spectrum.connect(_administrator(demo.harbor, harbor), address)
        _bring(demo.harbor, harbor, spectrum)
    quickbooks.books.close()
    spectrum.company.close()
    (_folder("spectrum") / ADDRESS).write_text(address, encoding="utf-8")
    return _told(demo, quickbooks.connection, password, secret)


def _administrator(contractor: script.Contractor, company: Company) -> Access:
    return people.access_of(contractor.administrator.email, company)


def _bring(contractor: script.Contractor, company: Company, accounting: Accounting) -> None:
    """What is linked, what is entered, and how far each document has come."""
    by, manager = _administrator(contractor, company), contractor.manager.email
    approvers = [User.objects.get(email=each.email) for each in contractor.approvers]
    journey = Journey(accounting, User.objects.get(email=manager), approvers)
    journey.pull(by)
    accounting.link(by)
    for project in contractor.projects:
        row = Project.objects.get(company=company, number=project.number)
        row.job = Job.objects.get(company=company, name=project.job)
        workflow.save(row, by=by)
    journey.pull(by)
    entered = documents.enter(contractor, company)

    def meantime() -> None:
        accounting.by_hand(contractor.in_the_meantime)
        request_sync(accounting.connection, by)

    journey.travel(entered, meantime)
    for project in contractor.projects:
        if project.budget is not None:
            row = Project.objects.get(company=company, number=project.number)
            documents.modify_budget(project.budget, row, manager)
        if project.change_events:
            row = Project.objects.get(company=company, number=project.number)
            row.change_events = True
            workflow.save(row, by=by)
            documents.enter_events(project.change_events, row, manager)


def _renew(demo: script.Script, company: Company) -> dict[str, Any]:
    """New passwords for everybody, because the file with the old ones is gone or is another's."""
    password = f"demo-{secrets.token_hex(4)}"
    people.set_password(demo.everybody(), password)
    connection = Connection.objects.select_related("company").get(company=company)
    secret = reissue_password(connection, _administrator(demo.meridian, company))
    return _told(demo, connection, password, secret)


def _told(
    demo: script.Script, connection: Connection, password: str, secret: str
) -> dict[str, Any]:
    return {
        "company": demo.meridian.name,
        "password": password,
        "people": [
            {"name": each.name, "email": each.email, "role": each.role, "company": company}
            for company, people_of_it in (
                (demo.meridian.name, demo.meridian.people),
                ("", [demo.operator]),
                (demo.harbor.name, demo.harbor.people),
            )
            for each in people_of_it
        ],
        "connection": connection.pk,
        "web_connector": {
            "user": connection.user_name,
            "password": secret,
            "company_file": connection.company_file,
        },
    }


def _fits(told: dict[str, Any], company: Company) -> bool:
    """Whether a file that was found is this database's."""
    return Connection.objects.filter(
        company=company, company_file=told["web_connector"]["company_file"]
    ).exists()


def _folder(name: str) -> Path:
    folder = settings.STATE_DIR / name
    folder.mkdir(parents=True, exist_ok=True)
    return Path(folder)


def _known_file() -> Path:
    return Path(settings.STATE_DIR / "demo.json")


def _write(path: Path, values: dict[str, Any]) -> None:
    """Write a file whole or not at all, for its owner alone; not touched if it is the same."""
    text = json.dumps(values, indent=1) + "\n"
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    half = path.with_suffix(".half")
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    half.rename(path)
