"""The .qwc file: what a bookkeeper opens in the Web Connector to connect a company file with us.

It holds no password. The FileID stays the same on every download: a new one would make a second
connection to the same company file.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from connectors.quickbooks.qbxml import escape
from connectors.quickbooks.transactions import OWNER_ID
from connectors.quickbooks.words import fit

NAME = "ERP Bridge"
# At most 80 characters.
DESCRIPTION = "Writes accepted commitments, changes and budgets; reads lists and job costs"


def text(*, company: str, url: str, support_url: str, user: str, file_id: str, minutes: int) -> str:
    """The file for one company file, pure ASCII.

    `file_id` is a GUID in braces; `minutes` how often the Web Connector calls. Raises ValueError
    where the Web Connector would refuse it: it calls https only, except on its own machine, and the
    support page must be on the same host.
    """
    ours, support = urlsplit(url), urlsplit(support_url)
    host = ours.hostname or "."
    local = host == "127.0.0.1" or "." not in host
    if ours.scheme != "https" and not (ours.scheme == "http" and local):
        raise ValueError(f"The Web Connector calls https addresses only, and {url} is none.")
    if support.hostname != ours.hostname:
        raise ValueError("The support page must be on the same host as the endpoint.")
    fields = {
        "AppName": f"{NAME} - {company}",
        "AppID": "",
        "AppURL": url,
        "AppDescription": DESCRIPTION,
        "AppSupport": support_url,
        "UserName": user,
        "OwnerID": OWNER_ID,
        "FileID": file_id,
        "QBType": "QBFS",
        "Style": "Document",
        "AuthFlags": "0xF",
        "IsReadOnly": "false",
        "Notify": "false",
        "PersonalDataPref": "pdpNotNeeded",
        "UnattendedModePref": "umpOptional",
    }
    lines = [f"  <{name}>{escape(fit(value))}</{name}>" for name, value in fields.items()]
    schedule = f"<RunEveryNMinutes>{int(minutes)}</RunEveryNMinutes>"
    lines.append(f"  <Scheduler>{schedule}</Scheduler>")
    return '<?xml version="1.0"?>\n<QBWCXML>\n' + "\n".join(lines) + "\n</QBWCXML>\n"
