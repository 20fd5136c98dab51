"""The panel of a document's way to the ERP: how far it is, and what can be done now.

Every document's page carries one, and the review page another with the approver's buttons. While
something changes by itself the panel asks again, and stops when it has settled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from django.utils import timezone
from django.utils.html import format_html

from approvals import erp_wording, seconding, unlinking
from approvals.buttons import Button, buttons
from approvals.call_progress import CallProgress, progress_of
from approvals.history_texts import HistoryEntry, history_of
from approvals.models import Export, Exportable
from approvals.readiness import send_problems
from approvals.rights import why_not
from approvals.states import EDITABLE, MOVING, STEPS, Status, Who
from connectors.contract import Capabilities, Problem
from connectors.models import Connection
from directory.access import Access
from directory.addresses import address
from directory.formats import age, counted, moment
from directory.perms import Level, Tool

RECENT = 4
CALM_SECONDS = 20
# What is linked to the ERP in a list of the directory, by the problem's code.
LISTS = {"vendor": "vendors", "job": "projects", "cost_code": "cost-codes"}


@dataclass(frozen=True, slots=True)
class Rule:
    """A failing rule, and the address where it is mended ('' if nobody can from here)."""

    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class OfLines:
    """What fails of a document's many lines, kept together, once they are checked."""

    count: int
    rules: Sequence[Rule]
    checked: bool

    @property
    def why_not(self) -> str:
        """'' if they can be sent, else why not, in a sentence."""
        if not self.checked:
            return "Its lines are being checked."
        faults = len(self.rules)
        have = "has" if faults == 1 else "have"
        said = f"{counted(faults, 'fault')} in its {self.count:,} lines {have} to be mended."
        return said if faults else ""


# What a person enters with a step.
ENTERED = {"number": "number", "reason": "reason", "lines": "lines", "note": "comment"}


@dataclass(frozen=True, slots=True)
class Tried:
    """A step that was refused, with what was entered with it, by the fields of its form."""

    step: str
    message: str
    changes: Sequence[str] = ()  # what has become different, a sentence each
    about: str = ""  # the one field that the message is about
    entered: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Panel:
    """What `approvals/panel.jinja` shows."""

    export: Export
    words: str
    detail: str
    advice: str  # what happens next, or what can be done
    buttons: Sequence[Button]
    rules: Sequence[Rule] = ()
    of_lines: OfLines | None = None
    history: Sequence[HistoryEntry] = ()
    review: bool = False  # on the review page, where approvers decide
    terms: str = ""  # digest of the destination that is on the screen
    to_confirm: Sequence[str] = ()  # what the approver has to say they know of
    erp: Capabilities | None = None
    progress: CallProgress | None = None  # what of it is in an ERP that cannot be asked
    asked: bool = True  # whether the ERP can be asked if it is there
    number: str = ""  # what it gets in the ERP
    number_most: int | None = None  # how long the approver may make another; None: none is chosen
    then: str = ""  # the address of the next item of the queue, opened after a decision
    tried: Tried | None = None
    notice: str = ""
    may_link: bool = False  # this person may link it to a record that the ERP has already

    @property
    def poll_seconds(self) -> int:
        """How soon to ask again; 0 when nothing changes by itself. Patient after ten minutes.

        An item that waits for an approver may do so for days: its document's page asks calmly, and
        hears nothing while it waits. The approver's own page, in which a comment may be half
        written, does not ask.
        """
        if self.export.status == Status.SENT and not self.review:
            return CALM_SECONDS
        if self.export.status not in MOVING:
            return 0
        waited = timezone.now() - self.export.status_at
        return 2 if waited < timedelta(minutes=10) else 15

    @property
    def attestation(self) -> str:
        """What who unlinks it has to attest, where the ERP cannot be asked; '' where it can."""
        if self.erp is None or self.asked:
            return ""
        return unlinking.attestation(self.export, self.erp)

    def typed(self, step: str, name: str, otherwise: str = "") -> str:
        """What stands in a field: what was entered there if the step was refused."""
        tried = self.tried
        return tried.entered.get(name, otherwise) if tried and tried.step == step else otherwise

    def fault(self, step: str, name: str) -> str:
        """Why what was entered there was refused; '' if it was not."""
        tried = self.tried
        if tried is None or (tried.step, tried.about) != (step, name):
            return ""
        return tried.message if name in self._fields(step) else ""

    @property
    def error(self) -> str:
        """Why the step that was just tried was refused, unless that stands beside a field."""
        tried = self.tried
        return tried.message if tried and not self.fault(tried.step, tried.about) else ""

    @property
    def left_over(self) -> Sequence[tuple[str, str]]:
        """What was entered with a refused step and has no field any more, with what it was."""
        if self.tried is None:
            return []
        return [
            (ENTERED[name], text)
            for name, text in self.tried.entered.items()
            if text.strip() and name not in self._fields(self.tried.step)
        ]

    def _fields(self, step: str) -> Sequence[str]:
        """The fields of a step's form, as it stands there now."""
        button = next((one for one in self.buttons if one.step == step and not one.reasons), None)
        if button is None:
            return []
        if button.is_main:
            return ["number"] if self.number_most else []
        if step == "reject":
            reasons = ["reason"] if self.export.company.rejection_reasons else []
            return [*reasons, "lines", "note"]
        return ["note"] if button.needs_note or (step == "unlink" and self.attestation) else []


def panel_for(
    item: Exportable | Export,
    access: Access,
    *,
    known: Sequence[Problem] | None = None,
    many_lines: bool = False,
) -> Panel:
    """The panel of a document's page: the one button that is possible now, and why not.

    Of a document with `many_lines` the page says what is `known` without looking at them, and asks
    for the whole panel as soon as it is there. What fails of its lines is then kept together.
    """
    export, document = (item, item.live()) if isinstance(item, Export) else (item.export, item)
    connection, erp = connection_of(export)
    problems: Sequence[Problem] = known or ()
    of_lines = None
    if document is not None and export.status in EDITABLE:
        if known is None:
            copy = document.to_document()
            problems = send_problems(document, copy, connection)
        if many_lines:
            apart = [one for one in problems if one.where.startswith("line:")]
            problems = [one for one in problems if not one.where.startswith("line:")]
            lines = 0 if known is not None else len(copy.lines)
            of_lines = OfLines(lines, _rules(apart, document, access), checked=known is None)
    blocked = [one.text for one in problems]
    if of_lines and of_lines.why_not:
        blocked.append(of_lines.why_not)
    second = seconding.second_for(export)
    words, detail, advice = _said(export, connection, erp, second)
    return Panel(
        export=export,
        words=words,
        detail=detail,
        advice=advice,
        buttons=[
            button
            for button in buttons(export, document, access, blocked)
            if button.who == Who.SENDER
        ],
        rules=_rules(problems, document, access),
        of_lines=of_lines,
        progress=progress_of(export, connection),
        history=history_of(export, most=RECENT),
        may_link=export.status in EDITABLE
        and not why_not(STEPS["adopt"], access, export.sent_by_id, export.kind),
    )


def review_panel(
    export: Export,
    access: Access,
    *,
    progress: CallProgress | None,
    problems: Sequence[Problem] = (),
    terms: str = "",
    to_confirm: Sequence[str] = (),
    number: str = "",
    number_most: int | None = None,
    then: str = "",
    tried: Tried | None = None,
) -> Panel:
    """The panel of the review page: the approver's buttons, and the sender's own."""
    document = export.live()
    connection, erp = connection_of(export)
    second = seconding.second_for(export)
    words, detail, advice = _said(export, connection, erp, second)
    goes = seconding.goes(export, terms)
    said = seconding.said_already(second.first, access, goes) if second and terms else ""
    blocked = [*(p.text for p in problems), *([said] if said else [])]
    return Panel(
        export=export,
        words=words,
        detail=detail,
        advice=advice,
        buttons=[
            _called(button, erp)
            for button in buttons(export, document, access, blocked)
            if button.who == Who.APPROVER or (button.step == "retrieve" and not button.reasons)
        ],
        # What stands above already, as the ERP's words, is not said twice.
        rules=_rules([p for p in problems if p.text != export.message], document, access),
        review=True,
        terms=terms,
        to_confirm=to_confirm,
        erp=erp,
        progress=progress,
        asked=erp_wording.asks_about(export, connection),
        number=number,
        number_most=number_most,
        then=then,
        tried=tried,
    )


def _called(button: Button, erp: Capabilities | None) -> Button:
    """The button with the ERP's own name, as messages call it: It is not in Spectrum."""
    if button.step != "record-absent":
        return button
    return replace(button, label=f"It is not in {erp_wording.short(erp)}")


def connection_of(export: Export) -> tuple[Connection | None, Capabilities | None]:
    """The connection that an export's company has, and what its ERP is called."""
    connection: Connection | None = getattr(export.company, "connection", None)
    if connection is None:
        return None, None
    return connection, connection.capabilities


def _said(
    export: Export,
    connection: Connection | None,
    erp: Capabilities | None,
    second: seconding.Second | None,
) -> tuple[str, str, str]:
    """What the ribbon says of a status, something smaller behind it, and what can be done."""
    words, detail = _ribbon(export, connection, erp)
    why = (
        _switched_off(export, erp_wording.short(erp))
        or _kept_waiting(export, connection)
        or _behind(export)
    )
    asked = erp_wording.asks_about(export, connection)
    advice = why or erp_wording.advice(Status(export.status), erp, asked=asked)
    return words, detail, f"{advice} {second or ''}".strip()


def _switched_off(export: Export, name: str) -> str:
    """Why nothing becomes of what is under way; '' while the company's tool is switched on."""
    if export.status not in MOVING or export.company.erp_enabled:
        return ""
    undo = " Until then the acceptance can be undone." if export.status == Status.ACCEPTED else ""
    return (
        f"ERP Integrations is switched off for {export.company}: {name} is neither asked nor told "
        f"anything until the operator of this installation switches it on.{undo}"
    )


def _kept_waiting(export: Export, connection: Connection | None) -> str:
    """What the last call stumbled over while the item waits for one; '' if over nothing."""
    if export.status != Status.ACCEPTED or connection is None or not connection.trouble:
        return ""
    return f"The last call came to this: {connection.trouble} {erp_wording.UNDO}"


def _behind(export: Export) -> str:
    """Why an accepted change order does not go yet although the ERP calls; '' if nothing is."""
    if export.status != Status.ACCEPTED or export.parent is None:
        return ""
    others = Export.objects.filter(parent=export.parent_id, status=Status.UNKNOWN)
    if (other := others.exclude(pk=export.pk).first()) is None:
        return ""
    return (
        f"It goes once the outcome of {other} is known: both change {export.parent}. Until "
        "its export has begun the acceptance can be undone."
    )


def _ribbon(
    export: Export, connection: Connection | None, erp: Capabilities | None
) -> tuple[str, str]:
    name = erp_wording.short(erp)
    sender = export.sent_by.name if export.sent_by else ""
    match Status(export.status):
        case Status.SENT:
            return "Sent to accounting", f"by {sender}; in the queue, Ready to Export"
        case Status.RETRIEVED:
            return "Retrieved", "taken back from the queue, can be edited and sent again"
        case Status.REJECTED:
            return "Rejected by accounting", "can be edited and sent again"
        case Status.ACCEPTED:
            called = connection.last_seen_at if connection else None
            since = age(called)
            last = f"{since} ago" if since not in ("", "just now") else since or "never"
            return f"Accepted, waiting for {name}", f"it last {erp_wording.heard(erp)}: {last}"
        case Status.EXPORTING:
            since = age(export.status_at)
            begun = since if since == "just now" else f"{since} ago"
            return "Exporting", f"begun {begun}; {name} has not confirmed it yet"
        case Status.UNKNOWN:
            doing = f"checking {name}" if erp_wording.asks(erp) else f"waiting for {name}"
            return f"Outcome not known: {doing}. Do not enter it by hand", ""
        case Status.FAILED:
            return "Failed to Export", f"nothing was written to {name}"
        case Status.NEEDS_ATTENTION:
            return "Needs attention", f"look in {name} before you decide"
        case Status.SYNCED:
            record = erp.record_word(export.kind) if erp else "record"
            return "Synced", f"{record} {export.erp_number}" if export.erp_number else ""
        case Status.UNLINKING:
            return f"Unlink: checking {name}", _next_contact(connection, erp)
        case status:
            return status.label, ""


def _next_contact(connection: Connection | None, erp: Capabilities | None) -> str:
    """When an ERP that asks us should call; '' where we call it, or it never has, or is late."""
    at = connection.next_call_at if connection and not erp_wording.is_called(erp) else None
    if at is None or at < timezone.now():
        return ""
    return format_html("next contact about {}", moment(at))


def _rules(
    problems: Sequence[Problem], document: Exportable | None, access: Access
) -> Sequence[Rule]:
    may_mend = (
        document is not None
        and document.export.status in EDITABLE
        and not document.may_send(access)
    )
    places = document.mended_at(access) if document is not None and may_mend and problems else {}
    return [
        Rule(one.text, places.get(one.where) or _mended_at(one, document, access, may_mend))
        for one in problems
    ]


def _mended_at(
    problem: Problem, document: Exportable | None, access: Access, may_mend: bool
) -> str:
    """The address where something that fails is mended; '' where this person has no way to it.
    `may_mend`: the document itself is open to change, and to this person."""
    company, where = access.company.pk, problem.where
    if where == "settings":
        return address("connection", company) if access.has(Tool.ERP, Level.READ) else ""
    if problem.code in LISTS and access.has(Tool.DIRECTORY, Level.READ):
        return address("directory_list", company, LISTS[problem.code])
    if where == "parent":
        parent = document.export.parent if document else None
        above = parent.live() if parent else None
        return above.get_absolute_url() if above else ""
    if document is None or not may_mend or not where or where == "job":
        return ""
    return f"{document.get_absolute_url()}edit/"
