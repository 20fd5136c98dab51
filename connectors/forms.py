"""What is entered about an ERP that we call: by the pages and by the API, read by the same rules.

One form holds everything: where it is called and with what, and the questions about the site whose
answers decide what a document becomes there. What an answer means stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from connectors.addresses import origin_of
from connectors.fields import (
    ACCOUNT,
    AccountTable,
    StatementField,
    answer_field,
    known_field,
    secret_field,
)
from connectors.models import Connection
from connectors.secrets import stored_names
from connectors.spectrum import statements
from directory.entered import Fault, Invalid
from directory.forms import ReadableForm

YES_NO = (("N", "No"), ("Y", "Yes"))
STORED = "stored; type a new one to replace it"


class SpectrumForm(ReadableForm, forms.Form):
    """One company of a Viewpoint Spectrum. Its answers are kept as Spectrum writes them."""

    ACCESS = (
        "address",
        "company_code",
        "authorization_id",
        "oauth",
        "client_id",
        "client_secret",
        "basic_for_soap",
    )
    INFO_LINK = (
        "infolink",
        "infolink_address",
        "infolink_database",
        "infolink_user",
        "infolink_password",
        "infolink_subcontract",
        "infolink_known_subcontract",
        "infolink_change_request",
        "infolink_known_change_request",
    )
    # The credentials of each server; what is kept goes to no other.
    SECRETS_OF = {
        "address": ("authorization_id", "client_id", "client_secret"),
        "infolink_address": ("infolink_user", "infolink_password"),
    }
    SECRETS = tuple(name for names in SECRETS_OF.values() for name in names)
    # What is shown in an empty field to begin with. It is no answer until somebody saves it.
    EXAMPLES = {
        f"infolink_{name}": statement.example for name, statement in statements.STATEMENTS.items()
    }
    use_required_attribute = False  # so that everything is told at once

    address = forms.CharField(
        label="Address of Data Exchange",
        max_length=300,
        help_text="https://, the server and its port. Spectrum shows it under System "
        "Administration, Utilities, Data Exchange Download; it mostly ends in :8482.",
        widget=forms.TextInput(
            attrs={"placeholder": "https://spectrum.example.com:8482", "spellcheck": "false"}
        ),
    )
    company_code = forms.RegexField(
        r"^[0-9A-Za-z]{1,3}$",
        label="Company code",
        help_text="Up to three characters, as Spectrum asks for it at sign-in.",
        error_messages={"invalid": "A company code has one to three letters or digits."},
    )
    authorization_id = secret_field(
        "Authorization ID",
        20,
        error_messages={"required": "The Authorization ID is needed."},
        help_text="From Data Exchange Installation. It has to be authorised for the services that "
        "the connection's test asks for.",
    )
    oauth = answer_field(
        "Enhanced authentication",
        YES_NO,
        "Yes: this hosted site hands out tokens (OAuth), and a client ID and secret are needed, "
        "too. The Authorization ID is needed either way.",
    )
    client_id = secret_field("Client ID", 200, help_text="Only with enhanced authentication.")
    client_secret = secret_field(
        "Client secret", 200, help_text="Only with enhanced authentication."
    )
    basic_for_soap = answer_field(
        "HTTP Basic for the SOAP services",
        YES_NO,
        "No: the Authorization ID stands in each message and that is enough, as Spectrum "
        "describes it. Yes: a server in front of it asks for a password all the same.",
    )

    infolink = answer_field(
        "Ask Info-Link",
        YES_NO,
        "Yes: it shows at once what was written, not a copy that is brought up to date later, and "
        "what it does not show counts as not there. Then whether a document was deleted in "
        "Spectrum, and whether an unanswered change request arrived, is asked instead of attested.",
    )
    infolink_address = forms.CharField(
        label="Server of Info-Link",
        required=False,
        max_length=300,
        help_text="Its name, and its port unless that is 1433. The connection is encrypted, and "
        "the server's certificate is verified for this name.",
        widget=forms.TextInput(
            attrs={"placeholder": "xyz-data.example.com:1433", "spellcheck": "false"}
        ),
    )
    infolink_database = forms.CharField(
        label="Database",
        required=False,
        max_length=128,
        help_text="Empty for the one that the user begins in.",
    )
    infolink_user = secret_field("User of Info-Link", 128, help_text="One that may only read.")
    infolink_password = secret_field("Password of that user", 128)
    infolink_subcontract = StatementField(
        "subcontract",
        label="Statement for subcontracts",
    )
    infolink_known_subcontract = known_field(
        "A subcontract that stays in Spectrum",
        r"^[^/\s]{1,10}/[^/]{1,10}$",
        "IRONWOOD/SC-001",
        "Vendor/number. Whenever another one is not found, this one has to be, or nothing is "
        "believed.",
    )
    infolink_change_request = StatementField(
        "change_request",
        label="Statement for change requests",
        gives="It gives each line with phase and cost type as the services write them; description "
        "is that of the line on the change order log.",
    )
    infolink_known_change_request = known_field(
        "A change request that stays in Spectrum",
        r"^[^/\s]{1,10}/[^/]{1,8}$",
        "26010/S001-001",
        "Job/number, for the same purpose.",
    )

    gl_account = forms.RegexField(
        ACCOUNT,
        label="G/L account of new subcontracts",
        required=False,
        max_length=12,
        error_messages={"invalid": "An account has digits, letters, points or dashes."},
        help_text="A direct job cost account. It is taken where neither of the two tables below "
        "has one for a subcontract.",
    )
    gl_by_type = AccountTable(
        code="cost type",
        longest=3,
        label="G/L accounts by cost type",
        help_text="One on a line, like M = 5000-100. A subcontract has one account, so these are "
        "taken where all of its cost types have the same one and its vendor has none.",
    )
    gl_by_vendor = AccountTable(
        code="vendor code",
        longest=10,
        label="G/L accounts by vendor",
        help_text="One on a line, like IRONWOOD = 5100-200. These come before all others.",
    )
    sco_status = answer_field(
        "Change orders arrive as",
        (("E", "Executed (E)"), ("P", "Proposed (P)")),
        "Executed: a change order counts in the subcontract at once. Proposed: somebody executes "
        "it in Spectrum before it counts there.",
    )
    cr_status = forms.CharField(
        label="Status code of change requests",
        required=False,
        max_length=2,
        help_text="One of your site's own codes, whose action posts no estimate. Change orders "
        "cannot go without it.",
    )
    cost_reimbursable = answer_field(
        "Change requests are reimbursable",
        YES_NO,
        "What the flag Cost Reimbursable of the change request gets.",
    )
    price_method = answer_field(
        "Price method of phases",
        [(code, code) for code in "FTCUJ"],
        "The code that a budget writes with each of its phases, as your site's phases have it.",
    )
    estimates_shown_only = answer_field(
        "Current estimates are shown only",
        YES_NO,
        "Yes: “Current Estimate display only?” is ticked in Spectrum, so later changes of a budget "
        "cannot be written and are refused here instead of being lost there.",
    )
    repeat_change_requests = answer_field(
        "Unanswered change requests may be sent again",
        YES_NO,
        "No: after a lost answer a person looks in Spectrum first. Yes only where somebody has "
        "sent one twice at this site and seen that its amount did not double.",
    )

    def __init__(
        self,
        given: Mapping[str, str] | None = None,
        connection: Connection | None = None,
        *,
        company: int | None = None,
    ) -> None:
        """`given` is what was entered (None: nothing yet), over what `connection` holds already;
        without a connection over what a new one of `company` (its id) begins with."""
        self._company = company if connection is None else connection.company_id
        initial: dict[str, str] = {
            name: str(field.initial or "") for name, field in self.base_fields.items()
        }
        if connection is not None:
            initial |= {"address": connection.address, **connection.settings}
        # What names the entries as they are; of credentials there is nothing in it.
        self.seen = sha256(repr([initial[name] for name in self.base_fields]).encode()).hexdigest()
        data = (
            None
            if given is None
            else initial | {name: text for name, text in given.items() if name in initial}
        )
        super().__init__(data, initial=initial)
        self._was = {name: initial[name] for name in self.SECRETS_OF}
        self._stored = stored_names(connection) if connection is not None else frozenset()
        if given is None:
            empty = {name: text for name, text in self.EXAMPLES.items() if not initial[name]}
            self.initial = initial | empty
        for name in self._stored & self.fields.keys():
            self.fields[name].widget.attrs["placeholder"] = STORED
        self.fields["authorization_id"].required = "authorization_id" not in self._stored

    @property
    def access(self) -> list[forms.BoundField]:
        """Where it is called and with what."""
        return [self[name] for name in self.ACCESS]

    @property
    def info_link(self) -> list[forms.BoundField]:
        """The database beside it, which may be asked."""
        return [self[name] for name in self.INFO_LINK]

    @property
    def questions(self) -> list[forms.BoundField]:
        """The questions about the site."""
        elsewhere = (*self.ACCESS, *self.INFO_LINK)
        return [self[name] for name in self.fields if name not in elsewhere]

    def clean_address(self) -> str:
        """Scheme, host and port. Only what may be called from here is taken."""
        try:
            return str(origin_of(self.cleaned_data["address"], self._company))
        except ValueError as error:
            raise ValidationError(str(error)) from None

    def clean_infolink_address(self) -> str:
        """The same of Info-Link; '' for none."""
        text = self.cleaned_data["infolink_address"]
        try:
            written = text if "://" in text else f"sql://{text}"
            return str(origin_of(written, self._company, "sql")) if text else ""
        except ValueError as error:
            raise ValidationError(str(error)) from None

    def clean_company_code(self) -> str:
        return str(self.cleaned_data["company_code"]).upper()

    def clean(self) -> dict[str, Any]:
        """Every credential that is needed is there; what is kept stays with its own server."""
        cleaned = super().clean()
        needed = self.SECRETS_OF["address"][: 3 if cleaned.get("oauth") == "Y" else 1]
        if cleaned.get("infolink") == "Y":
            needed += tuple(name for name in self.INFO_LINK if name != "infolink_database")
        kept = self.kept
        for name in needed:
            if name in self.errors or cleaned.get(name) or name in kept:
                continue
            if name in self._stored:
                self.add_error(
                    name,
                    "The address is another one, so type this again: what is kept goes only to "
                    "the server that it was given for.",
                )
            else:
                label = self.fields[name].label
                asks = name in self.INFO_LINK
                why = "Info-Link cannot be asked without it." if asks else f"The {label} is needed."
                self.add_error(name, why)
        return cleaned

    @property
    def kept(self) -> frozenset[str]:
        """Those stored credentials whose server is still the same."""
        return self._stored.intersection(
            name
            for server, names in self.SECRETS_OF.items()
            if self.cleaned_data.get(server, self._was[server]) == self._was[server]
            for name in names
        )

    @property
    def company_file(self) -> str:
        """host:port/company: what no two companies here may both be connected to."""
        origin = origin_of(self.cleaned_data["address"], self._company)
        return f"{origin.host}:{origin.port}/{self.cleaned_data['company_code']}"

    @property
    def settings(self) -> dict[str, str]:
        """The answers, as they are kept."""
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if name != "address" and name not in self.SECRETS
        }

    @property
    def secrets(self) -> dict[str, str]:
        """The credentials that were typed."""
        return {name: text for name in self.SECRETS if (text := self.cleaned_data[name])}

    def say(self, error: ValidationError | Invalid) -> None:
        """Show what else was refused than the form itself finds."""
        if isinstance(error, ValidationError):
            self.add_error(None, error)
            return
        for fault in error.faults:
            if fault not in self.faults:
                self.add_error(fault.field or None, fault.message)

    @property
    def faults(self) -> list[Fault]:
        """All that is wrong, by field."""
        return [
            Fault("" if name == NON_FIELD_ERRORS else name, str(text))
            for name, texts in self.errors.items()
            for text in texts
        ]


# The forms of the ERPs that we call.
FORMS: dict[str, type[SpectrumForm]] = {"spectrum": SpectrumForm}
