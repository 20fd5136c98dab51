"""The kinds of fields in which people enter what an ERP that we call is asked with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from connectors.spectrum import statements

ACCOUNT = re.compile(r"^[0-9A-Za-z.\-]+\Z")
_MOST = 12  # characters of an account


class AccountTable(forms.CharField):
    """Which G/L account each code has: one `CODE = ACCOUNT` on a line, kept as `CODE=ACCOUNT …`."""

    def __init__(self, *, code: str, longest: int, **options: Any) -> None:
        """`code`: what people call the code; `longest`: its most characters in the ERP."""
        self._code, self._longest = code, longest
        widget = forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})
        super().__init__(required=False, max_length=20_000, widget=widget, **options)

    def prepare_value(self, value: Any) -> Any:
        return (
            "\n".join(value.split(" ")) if isinstance(value, str) and "\n" not in value else value
        )

    def clean(self, value: Any) -> str:
        """Every faulty line is told."""
        accounts: dict[str, str] = {}
        faults = []
        # What is kept has one blank between its entries; people put some around the sign, too.
        for entry in re.sub(r"[ \t]*=[ \t]*", "=", super().clean(value)).split():
            code, sign, account = entry.partition("=")
            code = code.upper()
            fits = 0 < len(code) <= self._longest and len(account) <= _MOST
            if not sign or not fits or not ACCOUNT.match(account):
                faults.append(
                    f"“{entry[:40]}” is no {self._code} (at most {self._longest} characters) and "
                    "account (at most 12 digits, letters, points or dashes), like M = 5000-100."
                )
            elif accounts.setdefault(code, account) != account:
                faults.append(f"{code} stands here twice, with different accounts.")
        if faults:
            raise ValidationError(faults)
        return " ".join(f"{code}={account}" for code, account in sorted(accounts.items()))


def secret_field(label: str, most: int, **options: Any) -> forms.CharField:
    """A field whose text is never shown again."""
    attrs = {"autocomplete": "off", "spellcheck": "false"}
    widget = forms.PasswordInput(attrs=attrs, render_value=False)
    return forms.CharField(label=label, required=False, max_length=most, widget=widget, **options)


class StatementField(forms.CharField):
    """A SELECT that a site's database is asked with; `name` is that of `statements.STATEMENTS`."""

    def __init__(self, name: str, *, gives: str = "", **options: Any) -> None:
        """`gives`: more of what it has to give than the names of the columns."""
        self._name = name
        asked = statements.STATEMENTS[name]
        rows = asked.example.count("\n") + 2
        super().__init__(
            required=False,
            max_length=statements.LONGEST,
            widget=forms.Textarea(attrs={"rows": rows, "spellcheck": "false"}),
            help_text=f"One SELECT. {_listed([f'@{one}' for one in asked.parameters])} are put in. "
            f"Its columns are called {_listed(asked.columns)}, and there is no row of what is not "
            f"in Spectrum. {gives} <strong>The example was never run: the names of its "
            "columns are guesses.</strong>",
            **options,
        )

    def clean(self, value: Any) -> str:
        """Every fault is told."""
        text = "\n".join(super().clean(value).splitlines())
        if text and (faults := statements.faults(self._name, text)):
            raise ValidationError(faults)
        return text


def known_field(label: str, pattern: str, example: str, help_text: str) -> forms.RegexField:
    """A record that is known to be in the ERP, written as the `example` is."""
    return forms.RegexField(
        pattern,
        label=label,
        required=False,
        help_text=help_text,
        error_messages={"invalid": f"It is written like {example}."},
        widget=forms.TextInput(attrs={"placeholder": example, "spellcheck": "false"}),
    )


def answer_field(
    label: str, choices: Sequence[tuple[str, str]], help_text: str
) -> forms.ChoiceField:
    """The answer to a question about the site, at first the first of the choices."""
    return forms.ChoiceField(
        label=label,
        choices=choices,
        initial=choices[0][0],
        help_text=help_text,
        widget=forms.Select(attrs={"class": "form-select"}),
    )


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
