"""What the program and the company file say about themselves, and the preferences."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from sandbox.quickbooks import users
from sandbox.quickbooks.answers import Answer, Part, group, part, ref
from sandbox.quickbooks.books import Books, Session

PRODUCT = "Stand-in for QuickBooks Desktop (not QuickBooks)"
_VERSIONS = ["1.0", "1.1", "2.0", "2.1", "3.0", "4.0", "4.1", "5.0", "6.0"] + [
    f"{number}.0" for number in range(7, 14)
]


def supported_versions(books: Books) -> list[str]:
    """The versions of qbXML that are spoken, the highest last."""
    return _VERSIONS[: _VERSIONS.index(books.preference("HighestVersion")) + 1]


def host(books: Books, session: Session, request: Element) -> Answer:
    """Answer HostQueryRq: which program this is, and which versions of qbXML it speaks."""
    parts = [
        part("ProductName", PRODUCT),
        part("MajorVersion", "24"),
        part("MinorVersion", "0"),
        part("Country", "US"),
        *(part("SupportedQBXMLVersion", version) for version in supported_versions(books)),
        part("IsAutomaticLogin", False),
        part("QBFileMode", "SingleUser"),
    ]
    return _one(request, "HostRet", parts)


def company(books: Books, session: Session, request: Element) -> Answer:
    """Answer CompanyQueryRq, with the private data of each OwnerID that is asked for."""
    name = books.storage.fact("company name")
    parts = [
        part("IsSampleCompany", False),
        part("CompanyName", name),
        part("LegalCompanyName", name),
        part("FirstMonthFiscalYear", "January"),
        part("FirstMonthIncomeTaxYear", "January"),
        part("CompanyType", "GeneralContractor"),
    ]
    for owner in request.findall("OwnerID"):
        owner_id = owner.text or ""
        for key, value in books.storage.private_data(owner_id).items():
            parts.append(
                group(
                    "DataExtRet",
                    [
                        part("OwnerID", owner_id),
                        part("DataExtName", key),
                        part("DataExtType", "STR255TYPE"),
                        part("DataExtValue", value),
                    ],
                )
            )
    return _one(request, "CompanyRet", parts)


def preferences(books: Books, session: Session, request: Element) -> Answer:
    """Answer PreferencesQueryRq."""
    get = books.preference
    accounting = [
        part("IsUsingAccountNumbers", False),
        part("IsRequiringAccounts", True),
        part("IsUsingClassTracking", get("IsUsingClassTracking")),
        part("IsUsingAuditTrail", True),
        part("IsAssigningJournalEntryNumbers", True),
    ]
    if get("ClosingDate"):
        accounting.append(part("ClosingDate", get("ClosingDate")))
    non_taxable = books.storage.entry_named("SalesTaxCode", "Non")
    taxable = books.storage.entry_named("SalesTaxCode", "Tax")
    parts = [
        group("AccountingPreferences", accounting),
        group(
            "JobsAndEstimatesPreferences",
            [
                part("IsUsingEstimates", get("IsUsingEstimates")),
                part("IsUsingProgressInvoicing", get("IsUsingProgressInvoicing")),
                part("IsPrintingItemsWithZeroAmounts", False),
            ],
        ),
        group("MultiCurrencyPreferences", [part("IsMultiCurrencyOn", get("IsMultiCurrencyOn"))]),
        group(
            "PurchasesAndVendorsPreferences",
            [
                part("IsUsingInventory", get("IsUsingInventory")),
                part("DaysBillsAreDue", 30),
                part("IsAutomaticallyUsingDiscounts", False),
            ],
        ),
        group(
            "SalesAndCustomersPreferences",
            [
                part("DefaultMarkup", get("DefaultMarkup")),
                part("IsTrackingReimbursedExpensesAsIncome", False),
                part("IsAutoApplyingPayments", True),
            ],
        ),
    ]
    if taxable and non_taxable:
        parts.append(
            group(
                "SalesTaxPreferences",
                [
                    ref("DefaultItemSalesTaxRef", taxable.list_id, "No Sales Tax"),
                    part("PaySalesTax", "Monthly"),
                    ref("DefaultTaxableSalesTaxCodeRef", taxable.list_id, taxable.name),
                    ref("DefaultNonTaxableSalesTaxCodeRef", non_taxable.list_id, non_taxable.name),
                ],
            )
        )
    parts.append(
        group(
            "CurrentAppAccessRights",
            [
                part("IsAutomaticLoginAllowed", True),
                part("AutomaticLoginUserName", users.name_of(books)),
                part("IsPersonalDataAccessAllowed", False),
            ],
        )
    )
    return _one(request, "PreferencesRet", parts)


def _one(request: Element, ret: str, parts: list[Part]) -> Answer:
    wanted = {element.text for element in request.findall("IncludeRetElement")}
    kept = [xml for name, xml in parts if not wanted or name in wanted]
    return Answer([f"<{ret}>{''.join(kept)}</{ret}>\n"])
