"""Requests on the wire: SOAP 1.1 envelopes, what is stored of them, and the call that they become.

What is stored never holds a credential: the first line says where it goes, and behind an empty
line follows the envelope with an empty `Authorization_ID`. Reads are stored without the company's
code, too; both are put in as the call is made.

Evidence: address, namespace, unqualified elements and SOAPAction are in the WSDLs of a live
server; `Authorization_ID` and `GUID` first in the body, Basic for the JSON services, and OAuth
client credentials are in Trimble's help. That a site may want Basic for SOAP, too, is known from
one client of such a site; how `/secretRotation` is asked is an assumption.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import quote, urlencode
from uuid import UUID, uuid5

import msgspec
from lxml import etree

from connectors.contract import Busy, Call, Refused, Reply, Request, Site
from connectors.spectrum import answers
from connectors.spectrum.services import SERVICES, VENDORS, Service, Unfit, Value

TYPES = "http://www.northgate-is.com/proiv/webservices/types"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
KEY = 20  # characters of a key that all writes of one conversation share
_GUIDS = UUID("5b0a1a3e-3d0c-4d55-9f0e-2f6d1c9e7a10")
_COMPANY = ("Company_Code", "pCompany_Code")
_SCOPE = "spectrumapi"
_MOST_DIGITS = 9  # of the seconds for which a token is good
TOO_MUCH = 429


def body(service: Service, values: Mapping[str, Value]) -> str:
    """One record for a service, every field in its order. Raises Unfit for what does not fit."""
    names = {field.name for field in service.fields}
    if strange := values.keys() - names:
        raise ValueError(f"{service.name} has no field {', '.join(sorted(strange))}")
    texts = {}
    for field in service.fields[2:]:
        value = values.get(field.name)
        texts[field.name] = "" if value is None else field.written(value)
        if field.required and not texts[field.name]:
            raise Unfit(f"{service.name} needs {field.name}, and it is blank.")
    return _stored(service, texts)


def question(service: Service, **asked: str) -> str:
    """A question, or a call that only tries whether a service is there: blank where not given."""
    texts = {field.name: asked.get(field.name, "") for field in service.fields[2:]}
    return _stored(service, texts)


def vendors() -> str:
    """The question for all active vendors."""
    return f"GET {VENDORS}"


def _stored(service: Service, texts: Mapping[str, str]) -> str:
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soapenv": SOAP, "nis": TYPES})
    operation = etree.SubElement(
        etree.SubElement(envelope, f"{{{SOAP}}}Body"), f"{{{TYPES}}}{service.name}"
    )
    for field in service.fields:
        etree.SubElement(operation, field.name).text = texts.get(field.name) or None
    return f"POST {service.path}\n\n{etree.tostring(envelope).decode('ascii')}"


def written(stored: str) -> dict[str, str]:
    """What a body of ours says, by the names of its fields. Raises ValueError for what is none."""
    root = answers.parse(stored.partition("\n\n")[2])
    return {str(one.tag): one.text or "" for one in root.iter() if not len(one)}


def service_of(stored: str) -> str:
    """The name of the service that a body goes to."""
    return stored.partition("\n")[0].rpartition("/")[2] or "vendors"


def wrap(requests: Mapping[str, Request]) -> str:
    """The message for one request: its body with its GUID, which is never blank.

    The GUID only groups records: those of one service in one conversation share it, as Trimble
    advises. Spectrum is not known to recognise a repeat by it. Raises ValueError for two requests.
    """
    if len(requests) != 1:
        raise ValueError("One call carries one request")
    [(name, request)] = requests.items()
    if request.check:
        raise ValueError("Spectrum cannot be asked what became of an earlier call")
    group = request.key[:KEY] if request.writes else name
    if not group:
        raise ValueError("A write has a key")
    guid = uuid5(_GUIDS, f"{group} {service_of(request.body)}")
    return request.body.replace("<GUID/>", f"<GUID>{guid}</GUID>", 1)


def call(stored: str, site: Site) -> Call:
    """The call for a stored message, with credentials and company. Raises ValueError, Refused."""
    head, _, content = stored.partition("\n\n")
    method, _, path = head.partition(" ")
    company = site.settings.get("company_code", "")
    if method == "GET" and path == VENDORS:
        headers = (("Accept", "application/json"), *_authorized(site, basic=True))
        return Call(method="GET", path=VENDORS + quote(company, safe=""), headers=headers)
    service = next((one for one in SERVICES.values() if one.path == path), None)
    if method != "POST" or service is None:
        raise ValueError(f"{head!r} is no call of Spectrum Data Exchange")
    envelope = answers.parse(content)
    for element in envelope.iter(*_COMPANY):
        element.text = element.text or company
    for element in envelope.iter("Authorization_ID"):
        element.text = site.secrets.get("authorization_id", "")
    declared = b'<?xml version="1.0" encoding="utf-8"?>' + etree.tostring(envelope)
    headers = (
        ("Content-Type", "text/xml; charset=utf-8"),
        ("SOAPAction", f'"{site.address}{path}"'),
        *_authorized(site, basic=site.settings.get("basic_for_soap") == "Y"),
    )
    return Call(method="POST", path=path, headers=headers, content=declared)


def _authorized(site: Site, *, basic: bool) -> tuple[tuple[str, str], ...]:
    """Bearer where there is a token, else Basic (company and authorization id) where wanted."""
    if site.token:
        return (("Authorization", f"Bearer {site.token}"),)
    if not basic:
        return ()
    company, own = site.settings.get("company_code", ""), site.secrets.get("authorization_id", "")
    return (("Authorization", f"Basic {b64encode(f'{company}:{own}'.encode()).decode()}"),)


# --- OAuth, where a site has enhanced authentication switched on --------------------------------


def token_call(site: Site) -> Call | None:
    """The call for a token by client credentials; None where the site does not use them."""
    if site.settings.get("oauth") != "Y":
        return None
    asked = {
        "grant_type": "client_credentials",
        "client_id": site.secrets.get("client_id", ""),
        "client_secret": site.secrets.get("client_secret", ""),
        "scope": _SCOPE,
    }
    headers = (
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Accept", "application/json"),
    )
    content = urlencode(asked).encode()
    return Call(method="POST", path="/connect/token", headers=headers, content=content)


def token(reply: Reply) -> tuple[str, int]:
    """The token in a reply, and for how many seconds it is good, 0 where that is not said. Raises
    Refused or Busy without one."""
    said = _said(reply, "token")
    lasts = str(said.get("expires_in", ""))
    seconds = int(lasts) if lasts.isdecimal() and len(lasts) <= _MOST_DIGITS else 0
    return _named(said, "access_token", "token"), seconds


def rotation_call(site: Site) -> Call | None:
    """The call that has Spectrum make a new client secret; None where the site uses no tokens.

    Whether the old secret ends at once, and what one asks with, is assumed.
    """
    if site.settings.get("oauth") != "Y":
        return None
    asked = {
        "client_id": site.secrets.get("client_id", ""),
        "client_secret": site.secrets.get("client_secret", ""),
    }
    headers = (
        ("Content-Type", "application/json"),
        ("Accept", "application/json"),
        *_authorized(site, basic=False),
    )
    content = msgspec.json.encode(asked)
    return Call(method="POST", path="/secretRotation", headers=headers, content=content)


def rotated(reply: Reply) -> dict[str, str]:
    """The new client secret in the reply to that. Raises Refused or Busy without one."""
    return {"client_secret": _named(_said(reply, "new secret"), "client_secret", "new secret")}


def _said(reply: Reply, what: str) -> dict[str, object]:
    status, text = answers.opened(reply)
    try:
        said = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        said = None
    if status == TOO_MUCH or status >= 500:
        raise Busy(f"Spectrum gave no {what} for now: it answered with HTTP {status}.")
    if status != 200 or not isinstance(said, dict):
        raise Refused(
            f"Spectrum gave no {what}: it answered with HTTP {status}. Look at "
            "the client id and the client secret on the Connection page."
        )
    return {str(name): value for name, value in said.items()}


def _named(said: Mapping[str, object], name: str, what: str) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not value:
        raise Refused(f"Spectrum's answer holds no {what} ({name}).")
    return value
