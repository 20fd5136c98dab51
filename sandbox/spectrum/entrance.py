"""Who may ask: Authorization IDs with their services, GUIDs, HTTP Basic, and OAuth if it is on."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import parse_qs

from sandbox.spectrum.books import Books
from sandbox.spectrum.replies import ABORT, Refused, Reply, Said, json_text, plain
from sandbox.spectrum.storage import Values

AUTHORIZATION = "authorization"  # its id
GUID = "guid"  # service, guid
TOKEN = "token"  # the token itself

NOT_SET_UP = (
    "The Web Service is not authorized. Authorization ID is not setup in the system."  # documented
)
TIMED_OUT = "Time out has occurred"  # documented
GUID_LIVES = timedelta(hours=24)
TOKEN_LIVES = 3600  # seconds
SCOPE = "spectrumapi"


def authorize(books: Books, authorization_id: str, services: list[str] | None) -> None:
    """Set up an Authorization ID for some services, or for all."""
    listed = "*" if services is None else " ".join(services)
    books.storage.save(AUTHORIZATION, (authorization_id,), {"Services": listed})


def refuse_soap(books: Books, service: str, values: Values) -> None:
    """Raises Refused unless this Authorization ID may use the service, under this GUID."""
    given, guid = values["Authorization_ID"], values["GUID"]
    found = books.storage.get(AUTHORIZATION, given) if given else None
    if found is None:
        raise Refused(Said(ABORT, NOT_SET_UP, "Authorization_ID"))
    if found["Services"] != "*" and service not in found["Services"].split():
        text = f"The Web Service is not authorized. {service} is not in the list of services."
        raise Refused(Said(ABORT, text, "Authorization_ID"))
    company = values.get("Company_Code", values.get("pCompany_Code", ""))
    if company not in ("", books.code):
        text = f"The Web Service is not authorized for Company {company}."
        raise Refused(Said(ABORT, text, "Company_Code"))
    if not guid:
        raise Refused(Said(ABORT, "GUID is required", "GUID"))
    used = books.storage.get(GUID, service, guid)
    if used and used["Authorization_ID"] != given:
        text = "The GUID is in use under another Authorization ID"
        raise Refused(Said(ABORT, text, "GUID"))
    now = books.clock()
    if used and now - datetime.fromisoformat(used["At"]) > GUID_LIVES:
        raise Refused(Said(ABORT, TIMED_OUT, "GUID"))
    if not used or now - datetime.fromisoformat(used["At"]) > timedelta(minutes=1):
        kept = {"Authorization_ID": given, "At": now.isoformat()}
        books.storage.save(GUID, (service, guid), kept)


def refuse_http(books: Books, headers: Mapping[str, str], *, is_soap: bool) -> Reply | None:
    """The refusal of a request whose Authorization header does not do, or None."""
    given = headers.get("authorization", "")
    settings = books.settings
    if settings.oauth:
        token = books.storage.get(TOKEN, given.removeprefix("Bearer "))
        if token and given.startswith("Bearer ") and _lives(books, token):
            return None
        return plain(401, "The access token is missing or has expired.", WWW_Authenticate="Bearer")
    if is_soap and not settings.basic_for_soap:
        return None
    company, _, password = _basic(given).partition(":")
    if company == books.code and password and books.storage.get(AUTHORIZATION, password):
        return None
    return plain(
        401,
        "Company Code and Authorization ID are not known.",
        WWW_Authenticate='Basic realm="Spectrum"',
    )


def set_client(books: Books, client_id: str, client_secret: str, told: int | None) -> None:
    """Switch enhanced authentication on, for this client."""
    books.set(oauth=True)
    books.storage.set_fact("client", {"id": client_id, "secret": client_secret, "told": told})


def token(books: Books, content: bytes) -> Reply:
    """A token for client credentials."""
    form = {name: found[-1] for name, found in parse_qs(content.decode(errors="replace")).items()}
    client = books.storage.fact("client") if books.settings.oauth else None
    if form.get("grant_type") != "client_credentials" or form.get("scope") != SCOPE:
        return json_text(400, json.dumps({"error": "invalid_request"}))
    if not client or (form.get("client_id"), form.get("client_secret")) != (
        client["id"],
        client["secret"],
    ):
        return json_text(400, json.dumps({"error": "invalid_client"}))
    made = secrets.token_urlsafe(24)
    told = client["told"]
    lives = {} if told is None else {"expires_in": told}
    ends = books.clock() + timedelta(seconds=TOKEN_LIVES if told is None else told)
    books.storage.save(TOKEN, (made,), {"Ends": ends.isoformat()})
    return json_text(200, json.dumps({"access_token": made, "token_type": "Bearer", **lives}))


def rotate_secret(books: Books) -> Reply:
    """A new secret for the client; the old one does not do from now on. The name of the answer's
    only member is assumed."""
    client = {**books.storage.fact("client"), "secret": secrets.token_urlsafe(24)}
    books.storage.set_fact("client", client)
    return json_text(200, json.dumps({"client_secret": client["secret"]}))


def _lives(books: Books, found: Values) -> bool:
    return books.clock() < datetime.fromisoformat(found["Ends"])


def _basic(header: str) -> str:
    scheme, _, coded = header.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(coded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
