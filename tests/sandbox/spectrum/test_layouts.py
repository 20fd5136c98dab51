"""The layouts of the stand-in and of the connector, written apart from each other, agree."""

import pytest

from connectors.spectrum import services
from sandbox.spectrum.fields import Field
from sandbox.spectrum.layouts import SERVICES


def _ours(field: Field) -> tuple[str, int, str]:
    """Name, length, and the kind as the connector writes it: text, date, number, or -9.2."""
    sign, digits = "-" if field.negative else "", field.digits
    kind = f"{sign}{digits[0]}.{digits[1]}" if digits and digits[1] else field.kind
    return field.name, field.longest, kind


def _theirs(field: services.Field) -> tuple[str, int, str]:
    whole = field.kind.lstrip("-").isdigit()
    return field.name, field.longest, "number" if whole else field.kind


@pytest.mark.parametrize("name", sorted(services.SERVICES))
def test_both_have_the_same_fields_in_the_same_order(name: str) -> None:
    ours, theirs = SERVICES[name].fields, services.SERVICES[name].fields
    assert [_ours(field) for field in ours] == [_theirs(field) for field in theirs]
    sent = {field.name for field in theirs if field.required}
    assert {field.name for field in ours if field.need == "always"} <= sent
