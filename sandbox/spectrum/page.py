"""The page of the stand-in for Spectrum: what it holds now, its last calls, switches for faults."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape, unescape
from typing import Any
from urllib.parse import quote

from sandbox.own_page import button, document
from sandbox.spectrum import books as kinds
from sandbox.spectrum.company import SpectrumCompany
from sandbox.spectrum.faults import ANY, DESCRIPTIONS, WRITES
from sandbox.spectrum.layouts import SERVICES
from sandbox.spectrum.views import ChangeOrderView, JobPhaseView, SubcontractView

LAST_CALLS = 40
_SAID = re.compile(r"<(?:desc|Error_Description)>([^<]+)<")
_STATUS = {"A": "active", "I": "inactive", "C": "complete"}
_ORDER_STATUS = {"P": "proposed", "E": "executed", "R": "rejected"}
_SETTINGS = {
    "repeats_double": "a repeated change request adds its line once more",
    "numbers_must_exist": "an executed change order needs a number that the job's log holds",
    "estimates_shown_only": "current estimates are for display only",
    "basic_for_soap": "SOAP services want HTTP Basic too",
}


def page(company: SpectrumCompany, address: str, info_link: str = "") -> str:
    """The whole page as HTML; `address` is where the services answer, `info_link` where its
    Info-Link does, if it has one."""
    contracts = company.subcontracts()
    phases = company.job_phases()
    calls = company.calls(LAST_CALLS)
    return document(
        "Stand-in for Spectrum",
        "<header><strong>This is a stand-in, not Spectrum.</strong> It plays Viewpoint Spectrum",
        " and its Data Exchange for the demo and keeps their documented rules. What was never seen",
        " on a live Spectrum is assumed.</header>",
        f"<h1>{escape(company.name)}</h1>",
        f"<p>Company {escape(company.code)}. Its services answer at {escape(address)}.",
        " <a href='/'>Reload</a></p>",
        f"<h2>Subcontracts ({len(contracts)})</h2>",
        *(_subcontract(each) for each in contracts),
        "" if contracts else "<p class=quiet>None yet.</p>",
        "<h2>Lists</h2>",
        _jobs(company, phases),
        _vendors(company),
        "<h2>What can go wrong</h2>",
        _faults(company),
        "<h2>How this site is set up</h2>",
        _settings(company),
        _let_in(company, info_link),
        "<h2>Last calls</h2>",
        *(_call(each) for each in reversed(calls)),
        "" if calls else "<p class=quiet>Nobody has called yet.</p>",
    )


def _path(*parts: str) -> str:
    return "/" + "/".join(quote(part, safe="") for part in parts)


def _table(heads: str, rows: Iterable[str]) -> str:
    return f"<table><tr>{heads}</tr>{''.join(rows)}</table>"


def _row(texts: Iterable[str], numbers: Iterable[str] = (), more: str = "") -> str:
    cells = "".join(f"<td>{escape(text)}" for text in texts)
    amounts = "".join(f"<td class=n>{escape(number)}" for number in numbers)
    return f"<tr>{cells}{amounts}<td>{more}</tr>"


def _subcontract(contract: SubcontractView) -> str:
    lines = [
        _row(
            [each.phase, each.cost_type, each.description, "retention" if each.retention else ""],
            [f"{each.amount:,.2f}"],
        )
        for each in contract.phases
    ]
    sums = f"original {contract.original:,.2f}, executed change orders {contract.executed:,.2f}"
    if contract.proposed:
        sums += f", proposed ones {contract.proposed:,.2f}"
    return (
        f"<section id='{escape(contract.number)}'><h3>{escape(contract.number)} ·"
        f" {escape(contract.vendor)} · {contract.total:,.2f}</h3>"
        f"<small>job {escape(contract.job)} · {_STATUS[contract.status]} · issued"
        f" {contract.date_issued} · GL account {escape(contract.gl_account)} · retention"
        f" {contract.retention_percent} % · {sums}</small>"
        f"<p class=memo>{escape(contract.comment)}</p>"
        + _table("<th>Phase<th>Type<th>Description<th><th class=n>Original<th>", lines)
        + "".join(_change_order(contract, each) for each in contract.change_orders)
        + button(
            _path("subcontracts", contract.vendor, contract.number, "delete"),
            "Delete the subcontract by hand",
        )
        + "</section>"
    )


def _change_order(contract: SubcontractView, order: ChangeOrderView) -> str:
    lines = [_row([line.phase, line.cost_type], [f"{line.amount:,.2f}"]) for line in order.lines]
    delete = _path("change-requests", contract.job, order.customer, order.request, "delete")
    return (
        f"<h3>Change order {escape(order.number)} · {_ORDER_STATUS[order.status]} ·"
        f" {order.amount:,.2f} · {escape(order.description)}"
        f" {button(delete, 'Delete by hand')}</h3>"
        f"<small>{order.date} · change request {escape(order.request)} of customer"
        f" {escape(order.customer)}</small><p class=memo>{escape(order.comments)}</p>"
        + _table("<th>Phase<th>Type<th class=n>Amount<th>", lines)
    )


def _jobs(company: SpectrumCompany, phases: list[JobPhaseView]) -> str:
    parts = []
    for job in company.records(kinds.JOB):
        number = job["Job_Number"]
        rows = [
            _row(
                [each.phase, each.cost_type, each.description, _STATUS[each.status]],
                [
                    f"{sum_:,.2f}"
                    for sum_ in (each.cost, each.original_estimate, each.current_estimate)
                ],
                _switch(kinds.PHASE, (number, each.phase, each.cost_type), each.status, "C"),
            )
            for each in phases
            if each.job == number
        ]
        customer = f"customer {job['Customer_Code']}" if job["Customer_Code"] else "no customer"
        parts.append(
            f"<details><summary>Job {escape(number)} · {escape(job['Job_Description'])} ·"
            f" {escape(customer)} · {_STATUS[job['Status_Code']]} · {len(rows)} phases and cost"
            f" types</summary>{_switch(kinds.JOB, (number,), job['Status_Code'], 'C')}"
            + _table(
                "<th>Phase<th>Type<th>Description<th>Status<th class=n>Cost to date"
                "<th class=n>Original estimate<th class=n>Current estimate<th>",
                rows,
            )
            + "</details>"
        )
    return "".join(parts)


def _vendors(company: SpectrumCompany) -> str:
    found = company.records(kinds.VENDOR)
    rows = [
        _row(
            [each["Vendor_Code"], each["Name"], _STATUS[each["Status_Code"]]],
            more=_switch(kinds.VENDOR, (each["Vendor_Code"],), each["Status_Code"], "I"),
        )
        for each in found
    ]
    return (
        f"<details><summary>Vendors ({len(found)})</summary>"
        f"{_table('<th>Code<th>Name<th>Status<th>', rows)}</details>"
    )


def _switch(kind: str, key: tuple[str, ...], status: str, other: str) -> str:
    to = other if status == "A" else "A"
    return button(_path("status", kind, *key), f"Make {_STATUS[to]}", {"status": to})


def _faults(company: SpectrumCompany) -> str:
    waiting: dict[str, list[str]] = {}
    for each in company.faults.as_list():
        when = "next call" if each["call"] == 1 else f"call {each['call']}"
        waiting.setdefault(each["kind"], []).append(
            f"{when} of {each['service']}, {each['times']} times"
        )
    rows = []
    for kind, what in DESCRIPTIONS.items():
        if kind in waiting:
            switch = button("/faults", "Switch off", {"off": kind}, on=True)
        else:
            switch = button("/faults", "Switch on", {"kind": kind, "seconds": "10"})
        when = "; ".join(waiting.get(kind, []))
        rows.append(f"<tr><td>{switch}<td>{what} <small>{kind}</small><td>{when}</tr>")
    delay = company.faults.delay
    slow = button(
        "/faults",
        "Switch off" if delay else "Switch on",
        {"delay": "0" if delay else "2"},
        on=bool(delay),
    )
    rows.append(f"<tr><td>{slow}<td>every call takes 2 seconds <small>delay</small><td></tr>")
    return (
        "<p class=quiet>A button means the next call that writes. Others by this form, with the"
        f" seconds that some faults need:</p>{_fault_form()}<table>{''.join(rows)}</table>"
    )


def _fault_form() -> str:
    def options(names: Iterable[str]) -> str:
        return "".join(f"<option>{escape(name)}" for name in names)

    return (
        "<form method=post action='/faults'>"
        f"<select name=kind aria-label=kind>{options(DESCRIPTIONS)}</select> at call "
        "<input name=call value=1 size=3 aria-label=call> of"
        f" <select name=service aria-label=service>"
        f"{options([WRITES, ANY, *SERVICES, 'vendors', 'token'])}</select>, "
        "<input name=times value=1 size=3 aria-label=times> times, "
        "<input name=seconds value=10 size=4 aria-label=seconds> seconds"
        " <button>Switch on</button></form>"
    )


def _settings(company: SpectrumCompany) -> str:
    rows = []
    for name, what in _SETTINGS.items():
        on = bool(getattr(company.settings, name))
        switch = button(
            "/settings", "Switch off" if on else "Switch on", {name: str(not on).lower()}, on=on
        )
        rows.append(f"<tr><td>{switch}<td>{what} <small>{name}</small></tr>")
    return f"<table>{''.join(rows)}{_enhanced(company)}</table>"


def _enhanced(company: SpectrumCompany) -> str:
    client = company.client
    if client is None:
        switch, who = button("/client", "Switch on", {"on": "true"}), ""
    else:
        switch = button("/client", "Switch off", {"on": "false"}, on=True)
        who = f"client ID <code>{escape(client['id'])}</code>, client secret <code>"
        who += f"{escape(client['secret'])}</code>"
    return (
        f"<tr><td>{switch}<td>enhanced authentication: every call wants a token, and the client"
        f" secret can be renewed <small>oauth</small> {who}</tr>"
    )


def _let_in(company: SpectrumCompany, address: str) -> str:
    """Who is let in, so that what was typed wrong can be put right; and Info-Link at `address`."""
    known = ", ".join(f"<code>{escape(one)}</code>" for one in company.authorization_ids)
    told = f"<p>It knows the Authorization ID {known}." if known else "<p>It lets nobody in."
    if not address or company.info_link_user is None:
        return f"{told} There is no Info-Link beside it.</p>"
    user, password = company.info_link_user
    return (
        f"{told} Info-Link answers at <code>{escape(address)}</code> for the user"
        f" <code>{escape(user)}</code> with the password <code>{escape(password)}</code>.</p>"
    )


def _call(call: dict[str, Any]) -> str:
    fault = f" · fault: {call['fault']}" if call["fault"] else ""
    status = call["status"] or "no answer"
    said = " · ".join(unescape(text) for text in _SAID.findall(call["answered"]))
    return (
        f"<details><summary>{call['at'][11:19]} UTC · {escape(call['method'])}"
        f" {escape(call['path'])} · {status}{fault} {escape(said)}</summary>"
        f"<pre>{escape(call['asked']) or 'no content'}</pre>"
        f"<pre>{escape(call['answered']) or 'no content'}</pre></details>"
    )
