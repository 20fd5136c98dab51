"""What QuickBooks says of itself as a session begins: host, company file, preferences.

The Web Connector hands it over in the first call of every session, so nothing has to be asked.
"""

from __future__ import annotations

from lxml import etree

from connectors.contract import Hello, Refused
from connectors.quickbooks import qbxml
from connectors.quickbooks.transactions import OWNER_ID

OLDEST = (13, 0)

# fact -> path below PreferencesRet
_SWITCHES = {
    "estimates": "JobsAndEstimatesPreferences/IsUsingEstimates",
    "purchase_orders": "PurchasesAndVendorsPreferences/IsUsingInventory",
    "classes": "AccountingPreferences/IsUsingClassTracking",
    "currencies": "MultiCurrencyPreferences/IsMultiCurrencyOn",
}


def read(greeting: str) -> Hello:
    """The company file that is open and the preferences that matter to us.

    `company_file` is the FileID that the Web Connector wrote into it for us, in lower case, ''
    while it has not. Facts: estimates, purchase_orders, classes, currencies ('on', 'off', ''
    where not told), closing_date ('2026-03-31' or ''), user, product, country. Raises Refused.
    """
    try:
        root = qbxml.parse(greeting)
    except ValueError as error:
        raise Refused(
            f"QuickBooks' greeting could not be read, so nothing was asked of it. {error}."
        ) from None
    host, company = root.find(".//HostRet"), root.find(".//CompanyRet")
    if host is None or company is None:
        raise Refused(
            "QuickBooks did not say which version it is or which company file is open, so nothing "
            "was asked of it. Open the company file in QuickBooks as a user who may see it all, "
            "then run the Web Connector again."
        )
    versions = [_version(element.text or "") for element in host.iter("SupportedQBXMLVersion")]
    newest = max(versions, default=(0, 0))
    if newest < OLDEST:
        raise Refused(
            "This QuickBooks is too old: it understands qbXML up to "
            f"{newest[0]}.{newest[1]}, and 13.0 is needed (QuickBooks 2014 or newer)."
        )
    facts = dict.fromkeys([*_SWITCHES, "closing_date"], "")
    preferences = root.find(".//PreferencesRet")
    if preferences is not None:
        for name, path in _SWITCHES.items():
            said = qbxml.child_text(preferences, path)
            facts[name] = "" if not said else "on" if qbxml.is_true(said) else "off"
        closing_date = "AccountingPreferences/ClosingDate"
        facts["closing_date"] = qbxml.child_text(preferences, closing_date)
    # The user that QuickBooks works as while nobody has it open.
    login = "CurrentAppAccessRights/AutomaticLoginUserName"
    facts["user"] = qbxml.child_text(preferences, login) if preferences is not None else ""
    facts["product"] = qbxml.child_text(host, "ProductName")
    facts["country"] = qbxml.child_text(host, "Country")
    return Hello(
        company=qbxml.child_text(company, "CompanyName"),
        company_file=_file_id(company),
        version=f"{newest[0]}.{newest[1]}",
        facts=facts,
    )


def _version(text: str) -> tuple[int, int]:
    """ "13.0" and "CA13.0" as (13, 0); (0, 0) where it is neither."""
    major, _, minor = text.strip().lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ").partition(".")
    try:
        return int(major), int(minor or 0)
    except ValueError:
        return 0, 0


def _file_id(company: etree._Element) -> str:
    for ext in company.iter("DataExtRet"):
        owner = qbxml.child_text(ext, "OwnerID").lower()
        if owner == OWNER_ID and qbxml.child_text(ext, "DataExtName") == "FileID":
            return qbxml.child_text(ext, "DataExtValue").lower()
    return ""
