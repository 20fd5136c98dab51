"""Which connectors there are: ours, and those that other packages bring by entry point."""

import hashlib
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import cast

from connectors.contract import Connector

OURS = {
    "quickbooks": "connectors.quickbooks:connector",
    "spectrum": "connectors.spectrum:connector",
}


@cache
def names() -> tuple[str, ...]:
    """Every registered ERP. Looking for entry points reads what is installed from the disk."""
    points = entry_points(group="erpbridge.connectors")
    return tuple(sorted({*OURS, *(point.name for point in points)}))


@cache
def called() -> tuple[str, ...]:
    """The ERPs that we call; the others ask us."""
    return tuple(erp for erp in names() if connector_for(erp).capabilities.transport == "push")


@cache
def connector_for(erp: str) -> Connector:
    """The connector of that name. Raises LookupError if nothing is registered under it."""
    if erp in OURS:
        module, name = OURS[erp].split(":")
        return cast(Connector, getattr(import_module(module), name))
    for point in entry_points(group="erpbridge.connectors", name=erp):
        return cast(Connector, point.load())
    raise LookupError(f"No connector is registered for {erp!r}")


@cache
def fingerprint(erp: str) -> str:
    """A digest of the connector's code: answers are only fed again to the code that asked."""
    digest = hashlib.sha256()
    folder = Path(cast(str, import_module(type(connector_for(erp)).__module__).__file__)).parent
    contract = Path(__file__).parent / "contract"
    for file in [*sorted(folder.glob("*.py")), *sorted(contract.glob("*.py"))]:
        digest.update(file.read_bytes())
    return digest.hexdigest()
