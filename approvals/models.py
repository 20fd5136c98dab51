"""Export: the one row that every document's way to the ERP is written in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Self, cast

import msgspec
from django.db import models
from django.db.models import Case, Q, Value, When
from django.db.models.functions import Now
from django.utils.functional import cached_property

from approvals.states import VIEW_OF, Status, View
from attachments.keeping import attached, attached_to
from connectors.contract import Attached, Document, Kind, Problem, Receipt, Terms
from directory.models import Company, Project, User

if TYPE_CHECKING:
    from directory.access import Access


class Kinds(models.TextChoices):
    COMMITMENT = "commitment", "Commitment"
    CHANGE_ORDER = "change_order", "Commitment Change Order"
    BUDGET = "budget", "Budget"


class Export(models.Model):
    """A document's way to the ERP.

    The queue, the approver and the worker read this row and know no document: `copy` is the
    document as it was sent, `terms` where it goes as it was accepted, both canonical JSON with
    their SHA-256. Only `approvals.moves` writes `status`.
    """

    # Those without an index of their own are found by one below, or never looked for: each index
    # is written with every step.
    company = models.ForeignKey(Company, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=12, choices=Kinds.choices)
    document_id = models.BigIntegerField(default=0)
    number = models.CharField(max_length=40)
    title = models.CharField(max_length=255)
    amount = models.DecimalField(max_digits=15, decimal_places=2)
    vendor_name = models.CharField(max_length=209, blank=True, default="")
    # A change order's commitment.
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    status = models.CharField(max_length=15, choices=Status.choices, default=Status.DRAFT)
    view = models.GeneratedField(
        expression=Case(
            *[When(status=Value(s.value), then=Value(v.value)) for s, v in VIEW_OF.items()],
            output_field=models.CharField(max_length=8),
        ),
        output_field=models.CharField(max_length=8, choices=View.choices),
        db_persist=True,
    )
    version = models.IntegerField(default=0)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    copy = models.TextField(blank=True, default="")
    copy_digest = models.CharField(max_length=64, blank=True, default="")
    terms = models.TextField(blank=True, default="")
    terms_digest = models.CharField(max_length=64, blank=True, default="")
    rejected_copy = models.TextField(blank=True, default="")
    receipt = models.TextField(blank=True, default="")
    erp_id = models.CharField(max_length=60, blank=True, default="")
    erp_number = models.CharField(max_length=40, blank=True, default="")
    # The approver's comment, the ERP's words, or what a person should do: the status says which.
    message = models.TextField(blank=True, default="")
    sent_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    sent_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", db_index=False
    )
    decided_at = models.DateTimeField(null=True)
    synced_at = models.DateTimeField(null=True)
    status_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["id", "company"], name="export_of_company"),
            models.CheckConstraint(
                condition=Q(status__in=Status.values), name="export_status_known"
            ),
            models.CheckConstraint(
                condition=~Q(status="synced") | ~Q(erp_id=""), name="synced_has_its_erp_id"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "retrieved", "rejected"]) | ~Q(copy_digest=""),
                name="sent_has_its_copy",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["accepted", "exporting", "unknown", "synced"])
                | ~Q(terms_digest=""),
                name="accepted_has_its_terms",
            ),
        ]
        indexes = [
            models.Index(fields=["company", "kind", "view", "-status_at", "-id"], name="queue"),
            models.Index(fields=["project", "kind", "-id"], name="export_by_project"),
            # What came back to a person, and what they have not sent yet.
            models.Index(
                fields=["created_by", "-status_at"],
                condition=Q(view__in=["none", "rejected"]),
                name="export_begun_by",
            ),
            models.Index(
                fields=["sent_by", "-status_at"],
                condition=Q(view="rejected"),
                name="export_back_to",
            ),
            models.Index(
                fields=["company", "view", "-status_at"],
                condition=Q(view__in=["ready", "failed"]),
                name="export_waiting",
            ),
        ]

    def __str__(self) -> str:
        if self.kind == Kinds.BUDGET:
            return f"Budget round {self.number}"
        return f"{self.get_kind_display()} {self.number}"

    @property
    def of(self) -> str:
        """What it is a part of, to be said after its name where that alone could be of several:
        ' of SC-017', ' of 24-017' (a budget's project); '' for a commitment."""
        if self.kind == Kinds.BUDGET:
            return f" of {self.project.number}"
        return f" of {self.parent.number}" if self.parent else ""

    @property
    def subject(self) -> str:
        """How the history names it."""
        return f"export:{self.pk}"

    @cached_property
    def attached(self) -> tuple[Attached, ...]:
        """The files that its document has now; read once."""
        return attached_to(self.subject)

    _read: tuple[str, Document] | None = None

    @property
    def document(self) -> Document:
        """The frozen copy. Only of an export that was sent."""
        if self._read is None or self._read[0] is not self.copy:
            self._read = (self.copy, msgspec.json.decode(self.copy, type=Document))
        return self._read[1]

    @property
    def frozen_terms(self) -> Terms | None:
        return msgspec.json.decode(self.terms, type=Terms) if self.terms else None

    @property
    def erp_receipt(self) -> Receipt | None:
        return msgspec.json.decode(self.receipt, type=Receipt) if self.receipt else None

    def live(self) -> Exportable | None:
        """The document itself; None if it was deleted."""
        return getattr(self, self.kind.replace("_", ""), None)


def live(exports: Iterable[Export]) -> dict[int, Exportable]:
    """The documents of these exports that still exist, with all that they are judged by.

    By the export's id; the same number of queries for however many.
    """
    found: dict[int, Exportable] = {}
    by_kind: dict[str, dict[int, Export]] = {}
    for export in exports:
        by_kind.setdefault(export.kind.replace("_", ""), {})[export.pk] = export
    for name, ours in by_kind.items():
        model = cast("type[Exportable]", Export._meta.get_field(name).related_model)
        for document in model.in_full([export.document_id for export in ours.values()]):
            if document.export_id in ours:  # of a budget's rounds, the one under way
                document.export = ours[document.export_id]
                found[document.export_id] = document
    files = attached([document.export.subject for document in found.values()])
    for document in found.values():
        document.export.attached = files[document.export.subject]
    return found


class TabCount(models.Model):
    """How many exports of a kind have a status, per company; kept in the step's transaction."""

    company = models.ForeignKey(Company, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=12, choices=Kinds.choices)
    status = models.CharField(max_length=15, choices=Status.choices)
    n = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "kind", "status"], name="one_count_each")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.status}: {self.n}"


class Comparison(models.Model):
    """What the last comparison of an export with the ERP found."""

    export = models.OneToOneField(Export, models.CASCADE, related_name="comparison")
    company = models.ForeignKey(Company, models.CASCADE, related_name="+")
    compared_at = models.DateTimeField()
    gone = models.BooleanField(default=False)
    differs = models.BooleanField(default=False)
    differences = models.JSONField(default=list)

    class Meta:
        indexes = [
            models.Index(
                fields=["company", "-compared_at"],
                condition=Q(differs=True),
                name="comparison_differs",
            )
        ]

    def __str__(self) -> str:
        return f"{self.export_id}: {'differs' if self.differs else 'the same'}"


class LookUp(models.Model):
    """The last look for records of the ERP that an export could be linked to, and its answer.

    `copy` and `terms` are what the records were compared with; a document that has changed since
    (its export's version has) is looked up again.
    """

    export = models.OneToOneField(Export, models.CASCADE, related_name="look_up")
    version = models.IntegerField()
    number = models.CharField(max_length=40)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    copy = models.TextField()
    terms = models.TextField()
    answered_at = models.DateTimeField(null=True)
    candidates = models.JSONField(default=list)
    error = models.TextField(blank=True, default="")

    def __str__(self) -> str:
        return f"{self.export_id}: {self.number}"


class FirstApproval(models.Model):
    """The word of the first of two approvers about a large amount: for which step, of which
    version, and what it says, as a digest (what goes where, which record of the ERP it is) and
    for people. See `approvals.seconding`."""

    export = models.OneToOneField(Export, models.CASCADE, related_name="first_approval")
    version = models.IntegerField()
    step = models.CharField(max_length=15, db_default="accept")
    says = models.CharField(max_length=64, db_column="terms")
    words = models.TextField(blank=True, db_default="")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.export_id}: {self.by}"


class Exportable(models.Model):
    """A document that goes to the ERP. It points to its Export, made with it.

    Subclasses say what they are (`kind`), what is wrong with them (`problems`), what they look
    like to any ERP (`to_document`) and who may send them (`may_send`).
    """

    kind: Kind
    export = models.OneToOneField(Export, models.PROTECT, related_name="%(class)s")

    class Meta:
        abstract = True

    @classmethod
    def in_full(cls, pks: Sequence[int]) -> list[Self]:
        """Those of these documents that there are, with all that `problems` and `to_document` look
        at; no query per document."""
        return list(cls._default_manager.filter(pk__in=pks))

    def problems(self) -> list[Problem]:
        """Every rule that fails on the live rows before *Send to ERP*, all at once."""
        raise NotImplementedError

    def to_document(self) -> Document:
        """The document as it is now, without any ERP in it."""
        raise NotImplementedError

    def may_send(self, access: Access) -> str:
        """'' if this person may send it, else why not, in words."""
        raise NotImplementedError

    def may_retrieve(self, access: Access) -> str:
        """'' if this person may take it back from the queue, else why not, in words."""
        return self.may_send(access)

    def may_attach(self, access: Access) -> str:
        """'' if this person may attach files to it and remove them, else why not, in words."""
        return self.may_send(access)

    def get_absolute_url(self) -> str:
        raise NotImplementedError

    def mended_at(self, access: Access) -> Mapping[str, str]:
        """Where this person mends what fails: the `where` of a problem (vendor, status, lines,
        line:3 …) and the address. What is not named is mended in the document's form."""
        return {}
