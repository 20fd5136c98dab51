"""Whatever people type: it goes out within Spectrum's fields, or they are told why it cannot."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import event, given, settings
from hypothesis import strategies as st
from lxml import etree

from connectors.contract import Named, Receipt
from connectors.spectrum import change_orders, commitments, connector, envelope
from connectors.spectrum.problems import problems
from connectors.spectrum.services import SERVICES
from tests.connectors.spectrum.conftest import SETTINGS, Site, change_order, commitment, line

PARENT = Receipt(id="IRON/SC-001", number="SC-001")
SITE = Site(company=None, clock=None, settings=dict(SETTINGS))  # type: ignore[arg-type]

plain = st.text("Ab 1½–&<", min_size=1, max_size=12).map(str.strip).filter(bool)
texts = plain | st.text(max_size=40) | st.text("Ab 1½–\n\t😀≥", max_size=300)
amounts = (
    st.decimals("0", "20000", places=2)
    | st.decimals("-20000000000", "20000000000", places=2)
    | st.decimals("-10", "10", places=3)
)
rates = st.decimals("0", "99", places=1) | st.decimals("-5", "120", places=2)


@settings(max_examples=400)
@given(
    number=texts,
    title=texts,
    description=texts,
    named=st.lists(texts, min_size=1, max_size=4),
    sums=st.lists(amounts, min_size=1, max_size=4),
    retainage=rates,
    own=st.just("") | texts,
)
def test_every_field_of_every_call_fits_or_a_problem_is_told(
    number: str,
    title: str,
    description: str,
    named: list[str],
    sums: list[Decimal],
    retainage: Decimal,
    own: str,
) -> None:
    lines = [
        line(n, str(amount), code=n % 2 + 1, description=said, erp_description=own)
        for n, (amount, said) in enumerate(zip(sums, named, strict=False), 1)
    ]
    order = commitment(*lines, number=number, title=title, erp_title=own, retainage=retainage)
    terms = SITE.terms(order)
    event(f"commitment goes: {not problems(order, terms)}")
    if not problems(order, terms):
        writes = commitments.writes(order, terms)
        assert len(writes) == 1 + len({one.cost_code.id for one in lines})
        for write in writes:
            _fits(write.body)
    change = change_order(
        *lines,
        number=number,
        title=title,
        erp_title=own,
        description=description,
        erp_description=own,
        parent=Named(id=1, code=number, name=title),
    )
    terms = SITE.terms(change, PARENT)
    assert len(terms.number) == 8
    if not problems(change, terms):
        for write in change_orders.writes(change, terms, "ALDER"):
            _fits(write.body)


def _fits(body: str) -> None:
    service = SERVICES[envelope.service_of(body)]
    [[operation]] = etree.fromstring(body.partition("\n\n")[2].encode())
    assert [child.tag for child in operation] == [field.name for field in service.fields]
    for child, field in zip(operation, service.fields, strict=True):
        assert len(child.text or "") <= field.longest
        assert child.text is None or child.text == child.text.strip()
        if field.required and field.name not in ("Authorization_ID", "GUID"):
            assert child.text


@given(own=texts, above=texts)
def test_any_two_numbers_give_one_that_spectrum_takes(own: str, above: str) -> None:
    document = change_order(number=own, parent=Named(id=1, code=above, name=""))
    number = connector.number(document, None)
    assert len(number) == 8
    assert number.isascii()
    assert number == number.strip()
