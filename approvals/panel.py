"""The panel that every document's page carries: how far it is on its way, and what can be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from approvals.models import Export, Exportable
from directory.access import Access


@dataclass(frozen=True, slots=True)
class Panel:
    """What `approvals/panel.html` shows."""

    export: Export


def panel_for(
    document: Exportable, access: Access, *, links: Mapping[str, str] | None = None
) -> Panel:
    """The panel of a live document for one person.

    `links` maps a problem's `where` (vendor, line:3, job …) to the address where it is mended.
    """
    return Panel(document.export)
