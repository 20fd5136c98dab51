"""Reading a SOAP request, strictly: what a live server may let pass is a mistake here.

Elements have to be all there, in the order of the field table, blank where nothing is to be said;
with or without the namespace, both were seen.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, ParseError, fromstring

from sandbox.spectrum.fields import Service
from sandbox.spectrum.replies import INVALID, MISSING, SOAP, TYPES, Said

_WHO = {"Authorization_ID", "GUID"}


class NotUnderstood(Exception):
    """The document is no request to this service; the message says why."""


def read(service: Service, content: bytes) -> dict[str, str]:
    """The values of a request by field name, blank ones included. Raises NotUnderstood."""
    root = _parse(content)
    if root.tag != f"{{{SOAP}}}Envelope":
        raise NotUnderstood("The document is no SOAP 1.1 envelope.")
    body = root.find(f"{{{SOAP}}}Body")
    if body is None or len(body) != 1:
        raise NotUnderstood("The envelope's body holds not exactly one request.")
    request = body[0]
    if request.tag != f"{{{TYPES}}}{service.name}":
        raise NotUnderstood(f"The request is {request.tag}, not {service.name}.")
    values = {}
    for element in request:
        if len(element) or element.attrib:
            raise NotUnderstood(f"{element.tag} holds more than text.")
        values[element.tag.removeprefix(f"{{{TYPES}}}")] = (element.text or "").strip()
    wanted = [field.name for field in service.fields]
    if list(values) != wanted or len(request) != len(wanted):
        raise NotUnderstood(
            f"The elements of {service.name} are not those of its layout, each once and in order:"
            f" {_first_difference(wanted, [*values])}."
        )
    return values


def complaints(service: Service, values: dict[str, str], *, new: bool) -> list[Said]:
    """Everything in the values that does not fit the field table. `new`: the record is not there
    yet, so that it needs more."""
    said = []
    for field in service.fields:
        value = values[field.name]
        if value:
            wrong = field.complaint(value)
            if wrong:
                said.append(Said(INVALID, wrong, field.name))
        elif field.need == "always" or (field.need == "new" and new):
            said.append(Said(MISSING, f"{field.name} is required", field.name))
    return said


def kept(service: Service, values: dict[str, str]) -> dict[str, str]:
    """The values that are not blank as they are kept; who asked is not."""
    return {
        field.name: field.kept(values[field.name])
        for field in service.fields
        if values[field.name] and field.name not in _WHO
    }


def _parse(content: bytes) -> Element:
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise NotUnderstood("The document declares a type or entities.")
    try:
        return fromstring(content)
    except ParseError as error:
        raise NotUnderstood(f"The document is not XML: {error}.") from None


def _first_difference(wanted: list[str], got: list[str]) -> str:
    for place, name in enumerate(wanted):
        if place >= len(got):
            return f"{name} is missing"
        if got[place] != name:
            return f"{got[place]} stands where {name} belongs"
    return f"{got[len(wanted)]} is too much" if len(got) > len(wanted) else "one stands twice"
