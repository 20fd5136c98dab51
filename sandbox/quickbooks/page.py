"""The demo's page: what "QuickBooks" holds now, its last sessions, and switches for faults."""

from __future__ import annotations

from html import escape

from sandbox.own_page import button, document
from sandbox.quickbooks.faults import DESCRIPTIONS
from sandbox.quickbooks.polling import Poller, Session
from sandbox.quickbooks.views import LineView, OrderView

# What a press of a fault's button sets, and what takes it back.
_SWITCHES: dict[str, tuple[str, str]] = {
    "lose_answer": ("1", "0"),
    "lose_request": ("1", "0"),
    "late_answer": ("1", "0"),
    "repeat_answer": ("1", "0"),
    "edit_order": ("1", "0"),
    "delete_order": ("1", "0"),
    "hresult": ("0x80040402", ""),
    "connection_error": ("0x80040408", ""),
    "wrong_company_file": ("true", "false"),
    "delay": ("2", "0"),
    "stopped": ("true", "false"),
}


_LISTS = {
    "Vendor": "Vendors",
    "Customer": "Customers and jobs",
    "Item": "Items",
    "Class": "Classes",
}
_NEW = {"Item": "/items", "Class": "/classes"}


def page(poller: Poller) -> str:
    """The whole page as HTML."""
    company = poller.connector.company_file
    orders, estimates, bills = company.purchase_orders(), company.estimates(), company.bills()
    return document(
        "Stand-in for QuickBooks Desktop",
        "<header><strong>This is a stand-in, not QuickBooks.</strong> It plays QuickBooks Desktop",
        " and its Web Connector for the demo and keeps their documented rules. What was never",
        " seen on a live QuickBooks is assumed.</header>",
        f"<h1>{escape(company.company_name)}</h1>",
        f"<p>{_poll_line(poller)} {button('/sync', 'Sync now')} <a href='/'>Reload</a></p>",
        f"<h2>Purchase orders ({len(orders)})</h2>",
        *(_order(each) for each in reversed(orders)),
        "" if orders else "<p class=quiet>None yet.</p>",
        f"<h2>Estimates ({len(estimates)})</h2>",
        *(_order(each) for each in reversed(estimates)),
        "" if estimates else "<p class=quiet>None yet.</p>",
        f"<h2>Bills ({len(bills)})</h2>",
        _bill_form(poller),
        *(_order(each) for each in reversed(bills)),
        "" if bills else "<p class=quiet>None yet: nothing was spent.</p>",
        "<h2>Lists</h2>",
        *(_list(poller, kind, title) for kind, title in _LISTS.items()),
        "<h2>What can go wrong</h2>",
        _faults(poller),
        "<h2>Preferences</h2>",
        _preferences(poller),
        "<h2>Last sessions of the Web Connector</h2>",
        *(_session(each) for each in poller.sessions),
        "" if poller.sessions else "<p class=quiet>Nothing was sent yet.</p>",
    )


def _poll_line(poller: Poller) -> str:
    how = (
        "The Web Connector does not poll."
        if poller.connector.faults.stopped
        else f"The Web Connector polls every {poller.every:g} s."
    )
    if poller.latest is None:
        return how
    last = poller.latest
    said = f"Last contact {last.ended:%H:%M:%S}: {last.result.outcome}"
    return f"{how} {said}{': ' if last.result.message else ''}{escape(last.result.message)}."


def _order(order: OrderView) -> str:
    state = "closed" if order.is_closed else "received" if order.is_fully_received else ""
    rows = "".join(_line(each, order.txn_id) for each in order.lines)
    return (
        f"<section id='{escape(order.txn_id)}'><h3>{escape(order.ref_number)} ·"
        f" {escape(order.name)} · {order.total:,.2f} {state}</h3>"
        f"<small>{order.txn_date} · TxnID {escape(order.txn_id)} · EditSequence"
        f" {order.edit_sequence} · changed {order.time_modified}</small>"
        f"<p class=memo>{escape(order.memo)}</p>"
        "<table><tr><th>Item<th>Class<th>Description<th>Job<th>Service date<th class=n>Qty"
        f"<th class=n>Rate<th class=n>Amount<th>TxnLineID<th></tr>{rows}</table>"
        + button(
            f"/orders/{order.txn_id}/edit",
            "Edit by hand (memo)",
            {"Memo": f"{order.memo} (edited at the screen)".strip()},
        )
        + " "
        + button(f"/orders/{order.txn_id}/delete", "Delete by hand")
        + "</section>"
    )


def _bill_form(poller: Poller) -> str:
    """Fields for a bill of one line, so that a job has actual costs."""
    company = poller.connector.company_file
    jobs = [each.full_name for each in company.entries("Customer") if each.parent]
    items = [each.full_name for each in company.entries("Item")]
    classes = ["", *(each.full_name for each in company.entries("Class"))]
    chosen = "".join(
        f"<select name={name} aria-label={name}>"
        + "".join(f"<option>{escape(each)}" for each in names)
        + "</select> "
        for name, names in (("job", jobs), ("item", items), ("klass", classes))
    )
    return (
        f"<form method=post action='/bills'>{chosen}<input name=amount value=100.00 size=10"
        " aria-label=amount> <button>Enter a bill</button></form>"
    )


def _list(poller: Poller, kind: str, title: str) -> str:
    """The entries of a list, and a form for a new item or class."""
    company = poller.connector.company_file
    entries = company.entries(kind)
    rows = []
    for each in entries:
        what = ("false", "Make inactive") if each.is_active else ("true", "Make active")
        action = f"/entries/{each.list_id}"
        buttons = button(action, what[1], {"active": what[0]})
        rows.append(
            f"<tr><td>{escape(each.full_name)}<td>{'' if each.is_active else 'inactive'}"
            f"<td>{buttons} {button(f'{action}/delete', 'Delete')}</tr>"
        )
    new = ""
    if kind in _NEW:
        above = "".join(f"<option>{escape(each.full_name)}" for each in entries)
        new = (
            f"<form method=post action='{_NEW[kind]}'><input name=name size=20 aria-label=name>"
            f" below <select name=parent aria-label=parent><option>{above}</select>"
            " <button>Make a new one</button></form>"
        )
    return (
        f"<details><summary>{title} ({len(entries)})</summary>{new}"
        f"<table>{''.join(rows)}</table></details>"
    )


def _line(line: LineView, txn_id: str) -> str:
    quantity = "" if line.quantity is None else format(line.quantity.normalize(), "f")
    rate = "" if line.rate is None else f"{line.rate:,.2f}"
    cells = [line.item, line.klass, line.desc, line.customer, line.service_date]
    text = "".join(f"<td>{escape(cell)}" for cell in cells)
    action = f"/lines/{txn_id}/{line.txn_line_id}"
    more = {"amount": f"{line.amount + 100:.2f}"}
    buttons = f"{button(action, '+ 100 by hand', more)} {button(f'{action}/delete', 'Delete')}"
    return (
        f"<tr>{text}<td class=n>{quantity}<td class=n>{rate}<td class=n>{line.amount:,.2f}"
        f"<td><small>{escape(line.txn_line_id)}</small><td>{buttons}</tr>"
    )


def _faults(poller: Poller) -> str:
    values = poller.connector.faults.as_dict()
    rows = []
    for name, (on, off) in _SWITCHES.items():
        active = bool(values[name])
        label = f"Switch off ({values[name]})" if active else "Switch on"
        switch = button("/faults", label, {name: off if active else on}, on=active)
        what = escape(DESCRIPTIONS[name])
        rows.append(f"<tr><td>{switch}<td>{what} <small>{name}</small></tr>")
    return f"<table>{''.join(rows)}</table>"


def _preferences(poller: Poller) -> str:
    books = poller.connector.company_file.books
    rows = []
    for name, what in (
        ("IsUsingInventory", "purchase orders"),
        ("IsUsingEstimates", "estimates"),
        ("IsUsingClassTracking", "classes"),
        ("UserIsRestricted", "the Web Connector's user may not see everything"),
    ):
        on = bool(books.preference(name))
        switch = button(
            "/preferences", "Switch off" if on else "Switch on", {name: str(not on).lower()}
        )
        rows.append(
            f"<tr><td>{switch}<td>{what}: {'on' if on else 'off'} <small>{name}</small></tr>"
        )
    return f"<table>{''.join(rows)}</table>"


def _session(session: Session) -> str:
    result = session.result
    exchanges = "".join(
        f"<pre>{escape(request)}</pre><pre>{escape(answer) or 'no answer'}</pre>"
        for request, answer in zip(result.requests, result.answers, strict=True)
    )
    messages = [each for each in (result.message, *result.refusals) if each]
    said = f": {escape('; '.join(messages))}" if messages else ""
    return (
        f"<details><summary>{session.started:%H:%M:%S} · {escape(result.outcome)}{said} ·"
        f" {len(result.requests)} to QuickBooks, {result.writes} of them writing</summary>"
        f"<p class=quiet>{escape(' → '.join(result.operations))}</p>{exchanges}</details>"
    )
