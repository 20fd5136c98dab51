"""The .qwc file: what a Web Connector is told about an application."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit
from xml.etree.ElementTree import ParseError, fromstring

_GUID = re.compile(r"\{[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}")
_NEEDED = (
    "AppName AppID AppURL AppDescription AppSupport UserName OwnerID FileID QBType"  # AppID: empty
)
_THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}


class BadQwc(ValueError):
    """The .qwc file cannot be taken; the message lists everything that is wrong with it."""


@dataclass(frozen=True, slots=True)
class Qwc:
    """An application as a .qwc file describes it. `poll_seconds` is what its Scheduler asks for,
    None if it has none. The password is never in it."""

    url: str
    user: str
    owner_id: str
    file_id: str
    app_name: str = ""
    poll_seconds: int | None = None

    @classmethod
    def read(cls, source: str | bytes | Path) -> Self:
        """Read a .qwc file: its path, or its content. `BadQwc` with every fault at once."""
        if isinstance(source, Path):
            source = source.read_bytes()
        try:
            root = fromstring(source)
        except ParseError as error:
            raise BadQwc(f"The .qwc file is not well-formed XML: {error}.") from None
        if root.tag != "QBWCXML":
            raise BadQwc(f"The .qwc file begins with {root.tag} instead of QBWCXML.")
        values = {child.tag: (child.text or "").strip() for child in root}
        faults = [f"{name} is missing" for name in _NEEDED.split() if name not in values]
        if len(values.get("AppDescription", "")) > 80:
            faults.append("AppDescription is longer than 80 characters")
        for name in ("OwnerID", "FileID"):
            if name in values and not _GUID.fullmatch(values[name]):
                faults.append(f"{name} is not a GUID in braces")
        if values.get("QBType", "QBFS") != "QBFS":
            faults.append("QBType is not QBFS (QuickBooks Desktop)")
        faults += _url_faults(values.get("AppURL", ""), values.get("AppSupport", ""))
        if faults:
            raise BadQwc("The .qwc file cannot be taken: " + "; ".join(faults) + ".")
        minutes = root.findtext("Scheduler/RunEveryNMinutes")
        seconds = root.findtext("Scheduler/RunEveryNSeconds")
        return cls(
            url=values["AppURL"],
            user=values["UserName"],
            owner_id=values["OwnerID"],
            file_id=values["FileID"],
            app_name=values["AppName"],
            poll_seconds=int(minutes) * 60 if minutes else int(seconds) if seconds else None,
        )


def _url_faults(url: str, support: str) -> list[str]:
    faults = []
    app, help_page = urlsplit(url), urlsplit(support)
    for name, parts in (("AppURL", app), ("AppSupport", help_page)):
        if parts.scheme != "https" and parts.hostname not in _THIS_MACHINE:
            faults.append(f"{name} must be https unless it is on this machine")
    if app.hostname != help_page.hostname and help_page.hostname not in _THIS_MACHINE:
        faults.append("AppSupport is not on the domain of AppURL")
    return faults
