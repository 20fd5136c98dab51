"""The company's own choices for Spectrum, and what they mean.

Spectrum leaves much to each site, and none of it could be tried on a live server: what the
documentation leaves open is a setting, and this is where each is read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from connectors.contract import Terms
from connectors.spectrum.groups import Group

Settings = Mapping[str, str]


def company(settings: Settings) -> str:
    """Spectrum's code of the company, at most three characters."""
    return settings.get("company_code", "").strip()


def sub_status(settings: Settings) -> str:
    """E: a change order is executed at once. P: it waits in Spectrum as proposed."""
    return settings.get("sco_status") or "E"


def request_status(settings: Settings) -> str:
    """The site's status code for change requests, one whose action posts no estimate."""
    return settings.get("cr_status", "").strip()


def reimbursable(settings: Settings) -> str:
    """Whether change requests are cost reimbursable: Y or N."""
    return settings.get("cost_reimbursable") or "N"


def price_method(settings: Settings) -> str:
    """The price method of a phase that the budget writes: F, T, C, U or J."""
    return settings.get("price_method", "").strip()


def shows_estimates_only(settings: Settings) -> bool:
    """Whether the installation works out current estimates itself and ignores those it is sent."""
    return settings.get("estimates_shown_only") == "Y"


def requests_repeat(settings: Settings) -> bool:
    """Whether the site has seen that a repeated change request adds nothing."""
    return settings.get("repeat_change_requests") == "Y"


def accounts(text: str) -> dict[str, str]:
    """“M=5000-100 L=5100-100” as code in large letters -> G/L account; a code without is left
    out."""
    pairs = (part.partition("=") for part in re.split(r"[\s,;]+", text))
    return {code.upper(): account for code, _, account in pairs if code and account}


class Account(NamedTuple):
    """A G/L account and where it comes from; without one, why."""

    number: str
    source: str


def account(terms: Terms, groups: Sequence[Group]) -> Account:
    """The one direct job cost account of a subcontract: of its vendor, else of its cost types where
    these agree, else of the company."""
    settings = terms.settings
    vendor = terms.vendor.id if terms.vendor else ""
    own = accounts(settings.get("gl_by_vendor", "")).get(vendor.upper(), "")
    if own:
        return Account(own, f"of vendor {vendor}")
    by_type = accounts(settings.get("gl_by_type", ""))
    types = list(dict.fromkeys(group.cost_type.id for group in groups if group.cost_type.id))
    found = {by_type.get(one.upper(), "") for one in types}
    if len(found) == 1 and "" not in found:
        return Account(found.pop(), f"of cost type {', '.join(types)}")
    return Account(settings.get("gl_account", "").strip(), "of the company")
