"""Texts and amounts on their way into XML and back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from connectors.quickbooks import schema, words
from connectors.quickbooks.qbxml import escape

cents = st.integers(-(10**15) + 1, 10**15 - 1).map(lambda number: Decimal(number).scaleb(-2))


@pytest.mark.parametrize(
    ("typed", "arrives"),
    [
        ("Décor “A”, 5 m² – 20 €", "Décor “A”, 5 m² – 20 €"),
        ("Łódź → Gdańsk", "Lódz -> Gdansk"),
        ("2⅓ ft, ⅓ in, 10⁴ kg, H₂O", "2 1/3 ft, 1/3 in, 10^4 kg, H2O"),
        ("6′ 4″ × 3", "6' 4\" × 3"),
        ("≥ 35 MPa", ">= 35 MPa"),
        ("a\tb\r\nc\x00\x0b\u200bd\u2028e", "a b\ncd\ne"),
        ("№ 7 ﬁx ① 日本 🏗", "No 7 fix 1 ?? ?"),
        ("1⁄2 and 3/4", "1/2 and 3/4"),
    ],
)
def test_what_a_bookkeeper_will_read(typed, arrives):
    assert words.fit(typed) == arrives


def test_changes_are_named_once_each():
    assert words.changed("→ a → b é \x07") == [("→", "->"), ("\x07", "")]
    assert words.changed("plain") == []


@given(st.text())
def test_any_text_arrives_as_it_was_told(text):
    fitted = words.fit(text)
    assert words.fit(fitted) == fitted
    fitted.encode("cp1252")
    written = escape(fitted)
    assert written.isascii()
    assert (etree.fromstring(f"<a>{written}</a>").text or "") == fitted
    assert etree.fromstring(f'<a b="{written}"/>').get("b") == fitted.replace("\n", " ")


@given(cents)
def test_any_amount_arrives_to_the_cent(amount):
    written = schema.amount(amount)
    assert Decimal(written) == amount
    assert written.partition(".")[2].isdigit()
    assert len(written.partition(".")[2]) == 2


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=5, min_value=-(10**9), max_value=10**9
    )
)
def test_any_rate_arrives_exactly(rate):
    assert Decimal(schema.rate(rate)) == rate
    assert "E" not in schema.rate(rate)


@pytest.mark.parametrize("amount", ["0.001", "NaN", "Infinity", "1E+13", "-99999999999999.00"])
def test_an_amount_that_would_be_rounded_or_cut_is_refused(amount):
    with pytest.raises(schema.Unfit):
        schema.amount(Decimal(amount))


@pytest.mark.parametrize(
    ("amount", "written"),
    [("0", "0.00"), ("-0.00", "0.00"), ("1E+3", "1000.00"), ("12.5", "12.50"), ("7.000", "7.00")],
)
def test_amounts_have_two_decimals(amount, written):
    assert schema.amount(Decimal(amount)) == written


@pytest.mark.parametrize("rate", ["0.000001", "NaN", "10000000000"])
def test_a_rate_that_does_not_fit_is_refused(rate):
    assert not schema.fits_rate(Decimal(rate))
