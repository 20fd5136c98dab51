"""What is too long is told, and never cut. A browser cuts what is pasted to the length that a field
names, without a word, and the beginning of an account may be another account."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.forms import BaseForm

from connectors.forms import SpectrumForm
from directory.forms import CompanyForm, CostCodeForm, PersonForm, ProjectForm, VendorForm

TEMPLATES = Path(__file__).parent.parent / "templates"
# What is only looked for, and what nobody would look at again.
MAY_CUT = {"q", "vendor", "least", "most", "days", "lines", "answer", "reason"}


@pytest.mark.parametrize(
    "form", [SpectrumForm, CompanyForm, CostCodeForm, PersonForm, ProjectForm, VendorForm]
)
def test_no_form_lets_the_browser_cut(form: type[BaseForm]) -> None:
    cut = [name for name, field in form().fields.items() if "maxlength" in field.widget.attrs]
    assert cut == []


def test_nor_does_a_field_of_a_page() -> None:
    cut = {
        (page.name, name)
        for page in TEMPLATES.rglob("*.*")
        for field in re.findall(r"<(?:input|textarea)[^>]*maxlength[^>]*>", page.read_text())
        for name in re.findall(r' name="([^"]*)"', field)
    }
    assert {(page, name) for page, name in cut if name not in MAY_CUT} == set()


def test_an_account_that_is_too_long_is_told() -> None:
    form = SpectrumForm({"gl_account": "5000-100-2000"})
    assert form.errors["gl_account"] == ["Ensure this value has at most 12 characters (it has 13)."]
