"""The form of a change event: the sheet of lines that commitments use, each for a commitment or a
company."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from change_events.entries import EventEntry, EventLine
from change_events.models import ChangeEvent, label_of
from commitments import forms
from commitments.forms import Typed
from commitments.models import Commitment
from directory.models import Project, Vendor

HEADER = ("number", "title", "reason", "description")
FOR_WHOM = "Commitment or company"


@dataclass(frozen=True, slots=True)
class Choices:
    """What a line may be for: commitments of the project, and companies."""

    commitments: list[Commitment]
    vendors: list[Vendor]

    @property
    def options(self) -> list[str]:
        return [*map(label_of, self.commitments), *(one.name for one in self.vendors)]

    def by_text(self) -> Mapping[str, Commitment | Vendor]:
        """Each by what people type: SC-001, its whole label, or a company's name."""
        found: dict[str, Commitment | Vendor] = {one.name.casefold(): one for one in self.vendors}
        for one in self.commitments:
            found[label_of(one).casefold()] = found[one.number.casefold()] = one
        return found


def choices(project: Project) -> Choices:
    """What lines of this project may be for; two queries."""
    commitments = Commitment.objects.filter(project=project).select_related("vendor")
    return Choices(
        list(commitments.order_by("number")),
        list(Vendor.objects.filter(company=project.company_id)),
    )


def entry(typed: Typed, offered: Choices) -> EventEntry:
    """The entry that was typed; what makes no sense in it is found by the workflow."""
    known = offered.by_text()
    lines = []
    for row in typed.lines:
        text = row["target"].strip().casefold()
        for_whom = known.get(text)
        commitment = for_whom.pk if isinstance(for_whom, Commitment) else None
        vendor = for_whom.pk if isinstance(for_whom, Vendor) else None
        if text and for_whom is None:
            commitment = 0  # nothing has it: refused with the line's number
        lines.append(EventLine(**forms.line_of(row), commitment=commitment, vendor=vendor))
    return EventEntry(lines=lines, **typed.header)


def typed_event(event: ChangeEvent) -> Typed:
    """A change event as its form shows it first."""
    header = {name: getattr(event, name) for name in HEADER}
    lines = [forms.cells_of(line, line.for_whom) for line in event.lines.all()]
    return Typed(header, lines)
