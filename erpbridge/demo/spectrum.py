"""The bookkeeping of the demo company on Spectrum, played by the stand-in."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.db.models.functions import Now

from connectors import engine, importing
from connectors.contract import Site
from connectors.models import Connection
from connectors.secrets import secrets_of
from connectors.setup import create_connection
from connectors.spectrum import connector
from connectors.visits import seen, sum_up
from directory.access import Access
from erpbridge.demo import script
from sandbox.spectrum import SpectrumCompany

GL_ACCOUNT = "5000100"
CR_STATUS = "PE"  # of the stand-in: it posts nothing to the estimates


class Spectrum:
    """The company on Spectrum's server, as the bookkeeper left it before anything of ours came."""

    connection: Connection

    def __init__(self, path: Path, contractor: script.OnSpectrum) -> None:
        for old in path.parent.glob(f"{path.name}*"):
            old.unlink()
        told = self.told = contractor.spectrum
        self.company = SpectrumCompany(path, code=told.company_code, name=told.company_name)
        self.authorization_id = secrets.token_hex(8)
        self.company.load(
            {
                "authorizations": [self.authorization_id],
                "vendors": told.vendors,
                "jobs": told.jobs,
                "phases": [
                    (number, code.replace("-", ""), cost_type, name)
                    for number, _, _ in told.jobs
                    for code, name in contractor.lists.cost_codes.items()
                    for cost_type in told.cost_types
                ],
            }
        )
        for job, phase, cost_type, cost in told.costs:
            self.company.by_hand.enter_cost(job, phase, cost_type, cost)

    def connect(self, by: Access, address: str) -> None:
        """Connect the company to this server."""
        entered = {
            "address": address,
            "company_code": self.told.company_code,
            "authorization_id": self.authorization_id,
            "gl_account": GL_ACCOUNT,
            "cr_status": CR_STATUS,
        }
        self.connection, _ = create_connection(by.company, "spectrum", by, entered)

    def link(self, by: Access) -> None:
        """Cost codes are written without dashes in Spectrum, and cost types have no names there."""
        importing.link_all(importing.LISTS["cost-codes"], by=by)
        categories = importing.LISTS["categories"]
        ours = {each.name: each.pk for each in categories.free(by.company)}
        for each in categories.records(by.company):
            to = ours[self.told.cost_types[each.name]]
            importing.link(categories, by=by, record=each.pk, to=to)

    def visit(self, *, lose_the_answer: bool = False) -> None:
        """One round of a worker."""
        session = engine.open_session(self.connection.pk)
        if isinstance(session, engine.Silence):
            raise RuntimeError("Another session still has a write out.")
        site = Site(
            address=self.connection.address,
            settings=self.connection.settings,
            secrets=secrets_of(self.connection),
        )
        while (message := engine.next_message(session)) is not None:
            call = connector.call(message.body, site)
            status, headers, content = self.company.answer(
                call.method, call.path, dict(call.headers), call.content
            )
            if lose_the_answer and message.writes:
                break
            kind = headers["Content-Type"].partition(";")[0]
            engine.receive(session, f"HTTP {status} {kind}\n\n{content.decode()}")
        engine.close_session(session)
        Connection.objects.filter(pk=self.connection.pk, first_seen_at=None).update(
            first_seen_at=Now()
        )
        seen(self.connection)
        sum_up(session)

    def by_hand(self, deeds: Sequence[dict[str, Any]]) -> None:
        """What the bookkeeper does in Spectrum past us."""
        by_hand = self.company.by_hand
        for deed in deeds:
            match deed["what"]:
                case "complete a phase":
                    by_hand.set_status(
                        "phase", (deed["job"], deed["phase"], deed["cost_type"]), "C"
                    )
                case "make a vendor inactive":
                    by_hand.set_status("vendor", (deed["code"],), "I")
                case unknown:
                    raise ValueError(f"harbor.toml: nobody knows how to {unknown!r}")
