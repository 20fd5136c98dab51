"""Rules that every kind of document has to keep before *Send to ERP*."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from connectors.contract import Problem
from connectors.models import Connection
from directory.models import Company, CostCode, Project, Vendor


class AnyLine(Protocol):
    """What the rules look at in a line of any document."""

    number: int
    sub_job: str

    @property
    def cost_code(self) -> CostCode: ...


def tool_problems(company: Company, connection: Connection | None) -> list[Problem]:
    """Without the tool or a connection nothing goes: neither at *send* nor at *accept*.

    What was accepted before the tool was switched off waits in its lane, see `connectors.engine`.
    """
    found = []
    if not company.erp_enabled:
        found.append(
            Problem(
                code="erp_off",
                where="settings",
                text=f"ERP Integrations is switched off for {company}. The operator of this "
                "installation can switch it on.",
            )
        )
    if connection is None:
        found.append(
            Problem(
                code="no_connection",
                where="settings",
                text=f"{company} has no connection to an accounting system yet. An administrator "
                "of ERP Integrations sets it up.",
            )
        )
    return found


def place_problems(project: Project) -> list[Problem]:
    """What is missing around the document: the tool, the connection, the project's job."""
    found = tool_problems(project.company, getattr(project.company, "connection", None))
    if project.job is None or not project.job.is_linked:
        found.append(
            Problem(
                code="job",
                where="job",
                text=f"Project {project.number} is not linked to an active job of the ERP.",
            )
        )
    if project.erp_synced_at is None:
        found.append(
            Problem(
                code="never_synced",
                where="job",
                text="No data has come from the ERP for this project yet. Press Sync now on the "
                "connection page.",
            )
        )
    return found


def vendor_problems(vendor: Vendor | None) -> list[Problem]:
    """The contract company: chosen, and linked to one that can be used in the ERP."""
    if vendor is None:
        return [Problem(code="vendor", where="vendor", text="No contract company is chosen.")]
    if not vendor.erp_id:
        text = f"{vendor.name} is not linked to a vendor of the ERP."
    elif not vendor.erp_active:
        why = vendor.erp_problem or "It is inactive in the ERP. Make it active there."
        text = f"{vendor.name} cannot be used. {why}"
    else:
        return []
    return [Problem(code="vendor", where="vendor", text=text)]


def line_problems(lines: Iterable[AnyLine]) -> list[Problem]:
    """No line at all; and each line whose cost code is not linked, or that names a sub job."""
    rows = list(lines)
    if not rows:
        return [Problem(code="no_lines", where="lines", text="There is no line to send.")]
    found = []
    for line in rows:
        if not line.cost_code.is_linked:
            why = line.cost_code.erp_problem or "it is not linked to an active item of the ERP"
            found.append(
                Problem(
                    code="cost_code",
                    where=f"line:{line.number}",
                    text=f"Line {line.number}: cost code {line.cost_code.code} cannot be sent: "
                    f"{why}.",
                )
            )
        if line.sub_job:
            found.append(
                Problem(
                    code="sub_job",
                    where=f"line:{line.number}",
                    text=f"Line {line.number} names sub job {line.sub_job}. The ERP takes none.",
                )
            )
    return found
