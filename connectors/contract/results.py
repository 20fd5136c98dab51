"""What a connector's methods and scripts come to: one value for each thing that can be so."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

import msgspec

from connectors.contract.documents import Frozen, Receipt, Ref

# --- Before it is sent --------------------------------------------------------------------------


class Problem(Frozen, frozen=True, kw_only=True):
    """Why a document cannot go: a sentence for people, and where to mend it.

    `where` is a name that the page turns into a link: line:3, vendor, job, number, title,
    description, parent, settings.
    """

    code: str
    text: str
    where: str = ""


class PreviewRow(Frozen, frozen=True, kw_only=True):
    """One line of the ERP's record: what stands there and what will stand there.

    `parts` are the lines of ours that are summed here, as (line number, description, amount).
    """

    change: Literal["kept", "new", "changed"]
    item: str
    description: str
    before: Decimal | None
    after: Decimal | None
    parts: tuple[tuple[int, str, Decimal], ...] = ()


class Preview(Frozen, frozen=True, kw_only=True):
    """What exporting will do to the ERP, worked out without asking it.

    `total_before` is None where nothing is known of the record yet. `not_sent` lists what has no
    field in the ERP; `warnings` what the approver should look at first; `confirm` the records that
    stand beside it and are written only with the approver's word for each (`Terms.confirmed`).
    `unasked`: what becomes of a record that may stand there already, of an ERP that is not asked
    beforehand; it is no longer said once a part of this document is known to be there.
    """

    record: str  # "New purchase order SC-001", "Purchase order SC-001"
    fields: tuple[tuple[str, str], ...]
    rows: tuple[PreviewRow, ...]
    total_before: Decimal | None
    total_after: Decimal | None
    change: Decimal
    unasked: str = ""
    warnings: tuple[str, ...] = ()
    not_sent: tuple[str, ...] = ()
    confirm: tuple[Ref, ...] = ()


# --- After a write without an answer -----------------------------------------------------------


class Found(Frozen, frozen=True, kw_only=True):
    """The lost write is in the ERP."""

    receipt: Receipt


class Denied(Frozen, frozen=True, kw_only=True):
    """The ERP answered the lost write with a refusal."""

    message: str
    code: str = ""
    words: str = ""


class Absent(Frozen, frozen=True, kw_only=True):
    """Provably not in the ERP."""

    seen: str = ""  # what was asked and answered, in words


class Again(Frozen, frozen=True, kw_only=True):
    """The very same may be sent once more: it adds nothing.

    `why` that is so, in words. Nobody can ask whether it arrived; or it is known that the writes
    with the digests `there` did and no other, and they are left out.
    """

    why: str
    there: frozenset[str] = frozenset()


class Unclear(Frozen, frozen=True, kw_only=True):
    """Neither provably there nor provably not: what was seen."""

    message: str


class Gone(Frozen, frozen=True, kw_only=True):
    """It was in the ERP, and nothing of it is there any more."""

    seen: str = ""  # what was asked and answered, in words


Finding = Found | Denied | Absent | Again | Gone | Unclear


class Planned(Frozen, frozen=True, kw_only=True):
    """One write of a document that takes several. `what` names it for people; `digests` are those
    of its `Request.body` in every wording that it may have had."""

    what: str
    digests: frozenset[str]


class Attempt(Frozen, frozen=True, kw_only=True):
    """One earlier write of this document, under its key, and what became of it.

    lost: no answer came, or none that settles it. disowned: the same, and a person has looked since
    who says that nothing of it is there. refused: its script ended with the answer. passed: it was
    answered and its script went on. `wrote` is a digest of the document and its destination as they
    were then, `asked` one of the write's `Request.body`, which is here where no answer came.
    """

    key: str
    outcome: Literal["lost", "disowned", "refused", "passed"]
    wrote: str = ""
    asked: str = ""
    body: str = ""


# --- Of what was exported ----------------------------------------------------------------------


class StillThere(Frozen, frozen=True, kw_only=True):
    """Something of the document is in the ERP: a sentence for each thing."""

    found: tuple[str, ...]


class Difference(Frozen, frozen=True, kw_only=True):
    """Where the ERP holds something else than was exported, and what to do about it.

    `where` is line:3, added (a line that is not ours), total, vendor, job, number, date or record.
    """

    where: str
    ours: str
    theirs: str
    advice: str

    @property
    def place(self) -> str:
        """Where, as pages write it: “line 3”, “added line”."""
        return "added line" if self.where == "added" else self.where.replace(":", " ")


class Compared(Frozen, frozen=True, kw_only=True):
    """The record as the ERP holds it now; `receipt` is None where nothing of it is left."""

    receipt: Receipt | None
    differences: tuple[Difference, ...] = ()


class Candidate(Frozen, frozen=True, kw_only=True):
    """A record that the ERP has already and that a document could be linked to.

    `problem` is '' where it may be: same vendor, job and total. `differences` are shown either way.
    """

    receipt: Receipt
    description: str
    differences: tuple[Difference, ...] = ()
    problem: str = ""


# --- What the ERP tells us ---------------------------------------------------------------------


class Hello(Frozen, frozen=True, kw_only=True):
    """What the ERP said of itself when a session began."""

    company: str
    company_file: str  # '' while the file has never met us
    version: str
    facts: dict[str, str] = msgspec.field(default_factory=dict)  # preferences that matter to us


class Area(Frozen, frozen=True, kw_only=True):
    """One kind of record, and what the ERP shows of it to the user that speaks for us.

    `shown`: how many, None where they are not counted. `off`: the ERP does not use them at all.
    `problem`: '' where nothing is wrong.
    """

    name: str
    shown: int | None = None
    off: bool = False
    problem: str = ""


class Pulled(Frozen, frozen=True, kw_only=True):
    """One page of one of the ERP's lists, and where the next page begins ('': that was the last).

    Rows are plain dictionaries: id, name (with those it stands under), label (without them),
    active, parent (the name of what it stands under, or ''); where there is one a description; and
    `problem` where it cannot be linked. Those of `deleted` are list, id, name and deleted=True.

    `incomplete`: why some may be missing from this page, in a sentence ('' where none are); what a
    reading with such a page did not show is not taken for deleted.
    """

    rows: tuple[dict[str, Any], ...]
    more: str = ""
    incomplete: str = ""


class Estimate(Frozen, frozen=True, kw_only=True):
    """An estimate of a job in the ERP: the estimated cost by `CostRow.key`."""

    id: str
    number: str
    active: bool
    costs: dict[str, Decimal]


class CostRow(Frozen, frozen=True, kw_only=True):
    """One cost code of a job: what is estimated (None: nothing is) and what was spent.

    `item` is the ERP's id, '' where costs stand under none; `name` its full name. `category` is
    the ERP's id of its own record of a category, where it has such and they are told apart.
    """

    item: str
    category: str = ""
    name: str
    estimate: Decimal | None
    actual: Decimal

    @property
    def key(self) -> str:
        """The item, or item and category."""
        return f"{self.item}/{self.category}" if self.category else self.item


class JobCosts(Frozen, frozen=True, kw_only=True):
    """The costs of one job, whole, as of the moment of the answers.

    `rows` add up all active `estimates`, as the ERP's own reports do; each estimate is told on its
    own, so that a budget can be looked for in the one that it became.
    """

    job: Ref
    rows: tuple[CostRow, ...]
    estimates: tuple[Estimate, ...] = ()
