"""The product without one of its rules, and the faults under which that shows.

What stands in the product's text, and what would stand there had the rule been forgotten. Where
another rule catches the same mistake, the two are left out together, and `hidden_by` says which.
"""

from __future__ import annotations

from tests.simulation.mutating import Edit, Mutant
from tests.simulation.plan import CUT, EVERYWHERE, FROZEN, OFF, REPLY_LOST, STANDS_STILL, Profile

PEOPLE = {"Pam": 6.0, "Ann": 4.0, "Bea": 4.0}
OFFICE = {"the office": 12.0}
TWO_OFFICES = {"the office": 8.0, "the second office": 8.0}
SLOW = ((5, 10), (120, 3), (400, 3), (700, 2), (1500, 1))

STALE_PAGES = Profile(
    "stale pages", {"Pam": 8.0, "Ann": 2.0, "the office": 3.0}, reloads=0.25, swarm=False, moves=30
)
LINKS = Profile("links that move", {"Ann": 5.0, **OFFICE, "Dora": 4.0}, swarm=False, moves=30)
KILLED = Profile(
    "killed anywhere",
    {**PEOPLE, **OFFICE, "the sweeper": 1.0},
    dict.fromkeys(EVERYWHERE, 1.0),
    rate=0.5,
    swarm=False,
)
TAKEN_OVER = Profile(
    "offices that freeze",
    {"Ann": 1.5, **TWO_OFFICES},
    {FROZEN: 1.0},
    rate=0.6,
    swarm=False,
    waits=((5, 10), (120, 3)),
)
# Once QuickBooks is so slow that the quarantine is over, the key of an order is what is left.
TOO_LATE = Profile(
    "later than the quarantine",
    {"Ann": 2.0, **TWO_OFFICES, "the sweeper": 1.0},
    {FROZEN: 1.0},
    rate=0.6,
    swarm=False,
    moves=60,
    calls=(1, 2, 6),
    waits=((5, 5), (1300, 5)),
    too_late=True,
    kinds=("commitment",),
)
LOST = Profile(
    "lost answers",
    {"Ann": 6.0, "Bea": 4.0, **OFFICE, "the sweeper": 3.0},
    {OFF: 1.0, REPLY_LOST: 1.0},
    rate=0.3,
    swarm=False,
    waits=SLOW,
)
ANSWERS_LOST = Profile(
    "Spectrum's answers are lost",
    {"Pam": 4.0, "Ann": 5.0, "Bea": 3.0, "a worker": 10.0},
    dict.fromkeys(("answer_lost", "soap_fault_applied", "cut"), 1.0),
    rate=0.5,
    swarm=False,
    waits=SLOW,
    site="spectrum",
)
HALF_A_DOCUMENT = Profile(
    "half a document in Spectrum",
    {"Pam": 6.0, "Ann": 6.0, "a worker": 10.0},
    dict.fromkeys(("refused", "too_many", "timed_out"), 1.0),
    rate=0.4,
    swarm=False,
    moves=60,
    site="spectrum",
)
STOOD_STILL = Profile(
    "workers that stand still",
    {"Pam": 3.0, "Ann": 5.0, "a worker": 10.0},
    {STANDS_STILL: 1.0},
    rate=0.7,
    swarm=False,
    site="spectrum",
)
SETTLED = Profile(
    "answers are lost, and people settle it",
    {"Pam": 4.0, "Ann": 7.0, "Dora": 4.0, "a worker": 12.0},
    {"answer_lost": 1.0},
    rate=0.8,
    swarm=False,
    waits=SLOW,
    site="settling",
)
PRIVILEGE = Profile("the privilege", {"Ann": 4.0, "Bea": 4.0, "Otto": 4.0}, swarm=False, moves=30)

UNHEARD = Profile(
    "commits that nobody heard of",
    {"Pam": 3.0, "Ann": 3.0, "a worker": 12.0},
    {CUT: 1.0},
    rate=0.8,
    swarm=False,
    site="spectrum",
)
ROUNDS = Profile(
    "rounds of a budget",
    {"Pam": 9.0, "Ann": 6.0, "the office": 12.0},
    swarm=False,
    kinds=("budget",),
    site="budgets",
    calls=(6, 10),
)
_OBJECTION = "approvals.workflow.items:objection"
_FIND = "yield from _find(connector, given)"
_WITHOUT_QUARANTINE = (
    Edit("connectors.engine.ends:lose", "wait=quarantine()", "wait=timedelta(0)"),
    Edit("connectors.engine.sessions:_seconds_left", "max(0, ceil(left.total_seconds()))", "0"),
)
MUTANTS = (
    Mutant(
        "a step is guarded by the status and version that were seen",
        (
            Edit(_OBJECTION, "if export.version != version:", "if False:"),
            Edit(_OBJECTION, "if export.status not in step.sources:", "if False:"),
            Edit(
                "approvals.moves:make",
                "moves = [move for move in moves if move.export.status in step.sources]",
                "moves = list(moves)",
            ),
            Edit("approvals.moves:_update", "AND export.status = ANY(%s)", "OR %s IS NULL"),
        ),
        STALE_PAGES,
        hidden_by="the look at status and version under the lock, and the UPDATE's own guard",
    ),
    Mutant(
        "what is decided on is the version that was on the screen",
        (Edit(_OBJECTION, "if export.version != version:", "if False:"),),
        STALE_PAGES,
    ),
    Mutant(
        "what is exported is the frozen copy, not the document as it is now",
        (
            Edit(
                "approvals.purposes:Exports.begin",
                "export.document,\n                terms,",
                "export.live().to_document(),\n                terms,",
            ),
        ),
        STALE_PAGES,
    ),
    Mutant(
        "it goes where it was accepted to go, or nowhere",
        (
            Edit(
                "approvals.purposes:Exports.begin",
                "export.document,\n                terms,",
                "export.document,\n                now.terms(export.document),",
            ),
            Edit("approvals.purposes:Exports._why_not", "if goes_to != terms:", "if False:"),
        ),
        LINKS,
        hidden_by="the comparison as the export begins",
    ),
    Mutant(
        "that something is written is stored before it goes out",
        (
            Edit(
                "connectors.engine.messages:_SENT",
                "SELECT message.id, one.*, %(writes)s, false",
                "SELECT message.id, one.*, false, false",
            ),
            Edit(
                "connectors.engine.messages:_SENT",
                "%(number)s, %(key)s, %(writes)s,",
                "%(number)s, %(key)s, false,",
            ),
        ),
        LOST,
    ),
    Mutant(
        "what was lost is asked about only after the quarantine",
        _WITHOUT_QUARANTINE,
        TAKEN_OVER,
        hidden_by="the lane, which nobody takes over while a write is out",
    ),
    Mutant(
        "the fence: a session that has lost the lane is handed nothing",
        (
            Edit("connectors.engine.sessions:hold", "lane.session_id != session.pk", "False"),
            Edit(
                "connectors.webconnector:_Caller.living",
                "session and session.ended_at is None",
                "session",
            ),
        ),
        TAKEN_OVER,
        hidden_by="the endpoint, which looks whether the session of a ticket has ended",
    ),
    Mutant(
        "time is the database's, not that of the process",
        (
            Edit(
                "connectors.engine.queue:due",
                "Q(state=WAITING, not_before__lte=Now())",
                "Q(state=WAITING, not_before__lte=SIM.host_clock())",
            ),
            Edit(
                "connectors.engine.queue:ready",
                "waits = Q(state=WAITING, not_before__lte=Now())",
                "waits = Q(state=WAITING, not_before__lte=SIM.host_clock())",
            ),
            Edit("connectors.engine.sessions:_seconds_left", "Now() - F(", "SIM.host_clock() - F("),
        ),
        TAKEN_OVER,
        hidden_by="the lane, which nobody takes over while a write is out",
    ),
    Mutant(
        "one write in a message",
        (
            Edit(
                "connectors.engine.turns:_together",
                "if not step.request.alone:",
                "if not step.request.check:",
            ),
            Edit("connectors.engine.turns:_travels_alone", "request.alone", "request.check"),
            Edit("connectors.quickbooks.qbxml:wrap", "len(requests) != 1 or", ""),
            Edit(
                "connectors.quickbooks.qbxml:wrap",
                "_named(alone.body, key)",
                "''.join(_named(one.body, name) for name, one in requests.items())",
            ),
        ),
        LOST,
        hidden_by="the connector, which refuses to wrap two writes",
    ),
    Mutant(
        "a lost write goes again in the bytes that were kept",
        (
            Edit(
                "connectors.engine.messages:body_of",
                "if of_old else None",
                "if False else None",
            ),
        ),
        LOST,
    ),
    Mutant(
        "a lost order goes again under its own key",
        (Edit("connectors.engine.scripts:write_once", "key = last.key", "key = key"),),
        TOO_LATE,
        hidden_by="the quarantine, as long as QuickBooks keeps within it",
    ),
    Mutant(
        "before a retry it is looked for",
        (
            Edit("connectors.engine.scripts:search", _FIND, "Absent() if True else (yield)"),
            Edit("connectors.engine.scripts:write_once", "if given.attempts:", "if False:"),
        ),
        LOST,
        hidden_by="the search after a lost answer, and that of the script itself",
    ),
    Mutant(
        "what nobody can ask about is a person's, where a repeat may double it",
        (
            Edit(
                "connectors.spectrum.finding:find",
                "if not may_double or not (doubtful or (asked and passed)):",
                "if True:",
            ),
        ),
        ANSWERS_LOST,
    ),
    Mutant(
        "a retry goes on after what was confirmed",
        (
            Edit(
                "connectors.engine.scripts:write_once",
                'done = frozenset(one.asked for one in given.attempts if one.outcome == "passed")',
                "done = frozenset()",
            ),
        ),
        HALF_A_DOCUMENT,
    ),
    Mutant(
        "a worker that stood still makes no call before it has looked whether the lane is its own",
        (
            Edit(
                "connectors.calling:_Caller._be_there",
                "if time.monotonic() - self.heard_at > KNOWN_FOR:",
                "if False:",
            ),
        ),
        STOOD_STILL,
    ),
    Mutant(
        "what a person has seen there is settled",
        (
            Edit(
                "approvals.linking.workflow:_attest",
                "engine.disown(connection.pk, [str(export.pk)])",
                "pass",
            ),
        ),
        SETTLED,
    ),
    Mutant(
        "a step and its event are one transaction",
        (
            Edit(
                "approvals.moves:make",
                "moved = _update(step, moves)",
                "moved = _update(step, moves); SIM.commit()",
            ),
        ),
        KILLED,
    ),
    Mutant(
        "locks are taken in one order",
        (
            Edit(
                "approvals.workflow.deciding:_decide",
                "by = approver_again(by)\n    exports = lock_exports"
                "(ids(items), company=by.company.pk, parents=True)",
                "exports = lock_exports"
                "(ids(items), company=by.company.pk, parents=True)\n    by = approver_again(by)",
            ),
        ),
        STALE_PAGES,
    ),
    Mutant(
        "the privilege is looked at again under its lock",
        (
            Edit(
                "approvals.workflow.items:approver_again",
                "now = access_to(by.user, by.company, by.project)",
                "now = by",
            ),
        ),
        PRIVILEGE,
    ),
    Mutant(
        "an answer belongs to the call that it names",
        (
            Edit(
                "connectors.engine.answers:_take_in",
                "if message is None or to not in (None, message):",
                "if message is None:",
            ),
        ),
        UNHEARD,
    ),
    Mutant(
        "a budget goes on when its last round is back in the job costs",
        (
            Edit(
                "budgets.rounds:why_closed",
                'return str(waiting) if waiting else ""',
                'return ""',
            ),
        ),
        ROUNDS,
    ),
)
