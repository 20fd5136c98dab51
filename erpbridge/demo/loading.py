"""Loads the demo once, and writes down what people and the stand-in for QuickBooks have to know.

Files of the state folder, readable by their owner alone: `demo.json` (logins, the Web Connector's
password) and `sandbox/` (the company file, and `sandbox.json`, which the stand-in reads).
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
from connectors.pulls import request_sync
from connectors.quickbooks import OWNER_ID
from connectors.setup import create_connection, reissue_password
from directory import workflow
from directory.models import Company, Job, Project, User
from erpbridge.demo import documents, people, script
from erpbridge.demo.journey import Journey, by_hand
from sandbox.quickbooks import CompanyFile

COMPANY_FILE = "meridian.qbw"
POLL_SECONDS = 3


def load() -> dict[str, Any]:
    """Load the demo unless it is there; returns what `demo.json` holds.

    The database is written in one transaction, the company file anew before it: whatever dies
    half-way, the next call begins at the beginning. Passwords that were lost are made anew.
    """
    demo = script.read()
    company = Company.objects.filter(name=demo.name).first()
    told = known()
    if company is None:
        told = _build(demo)
    elif told is None or not _fits(told, company):
        told = _renew(demo, company)
    _write(_known_file(), told)
    _write(
        _folder() / "sandbox.json",
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
            "company_name": demo.quickbooks.company_name,
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


def _build(demo: script.Script) -> dict[str, Any]:
    for old in _folder().glob(f"{COMPANY_FILE}*"):
        old.unlink()
    books = _company_file(demo)
    password = f"demo-{secrets.token_hex(4)}"
    with transaction.atomic():
        company = people.make_company(demo)
        other = people.make_other(demo)
        people.set_password(demo.everybody(), password)
        people.grant_privileges(demo, company, other)
        boss = next(each for each in demo.people if each.company.get("directory") == "Admin")
        access = people.access_of(boss.email, company)
        connection, secret = create_connection(company, "quickbooks", access)
        managers = [User.objects.get(email=each.email) for each in demo.people if _manages(each)]
        approvers = [User.objects.get(email=each.email) for each in demo.people if each.push]
        journey = Journey(connection, books, managers[0], approvers)
        journey.pull(access)
        for project in demo.projects:
            row = Project.objects.get(company=company, number=project.number)
            row.job = Job.objects.get(company=company, name=project.job)
            workflow.save(row, by=access)
        journey.pull(access)
        entered = documents.enter(demo, company, managers[0].email)

        def meantime() -> None:
            by_hand(books, demo.in_the_meantime)
            request_sync(connection, access)

        journey.travel(entered, meantime)
        for project in demo.projects:
            if project.budget is not None:
                row = Project.objects.get(company=company, number=project.number)
                documents.modify_budget(project.budget, row, managers[0].email)
            if project.change_events:
                row = Project.objects.get(company=company, number=project.number)
                row.change_events = True
                workflow.save(row, by=access)
                documents.enter_events(project.change_events, row, managers[0].email)
    books.close()
    return _told(demo, connection, password, secret)


def _renew(demo: script.Script, company: Company) -> dict[str, Any]:
    """New passwords for everybody, because the file with the old ones is gone or is another's."""
    password = f"demo-{secrets.token_hex(4)}"
    people.set_password(demo.everybody(), password)
    connection = Connection.objects.select_related("company").get(company=company)
    boss = next(each for each in demo.people if each.company.get("directory") == "Admin")
    secret = reissue_password(connection, people.access_of(boss.email, company))
    return _told(demo, connection, password, secret)


def _told(
    demo: script.Script, connection: Connection, password: str, secret: str
) -> dict[str, Any]:
    return {
        "company": demo.name,
        "password": password,
        "people": [
            {"name": each.name, "email": each.email, "role": each.role} for each in demo.everybody()
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


def _manages(person: script.Person) -> bool:
    return person.projects.get("change_orders") == "Admin"


def _company_file(demo: script.Script) -> CompanyFile:
    """QuickBooks as the bookkeeper left it before anything of ours arrived."""
    books = CompanyFile.create(_folder() / COMPANY_FILE, company_name=demo.quickbooks.company_name)
    customers: dict[str, list[str]] = {}
    for customer, job in demo.quickbooks.jobs:
        customers.setdefault(customer, []).append(job)
    vendors = [*demo.lists.vendors, *demo.quickbooks.only_there]
    books.load(
        {
            "vendors": [name for name in vendors if name not in demo.quickbooks.not_there],
            "customers": [{"name": name, "jobs": jobs} for name, jobs in customers.items()],
            "items": [{"name": code, "desc": name} for code, name in demo.lists.cost_codes.items()],
        }
    )
    return books


def _folder() -> Path:
    folder = settings.STATE_DIR / "sandbox"
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
