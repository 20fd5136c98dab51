"""SOAP 1.1 as a Web Connector speaks it: document/literal, in its one namespace.

Answers are read as strictly as the real program does, which stops at the first byte that it does
not expect. The codes in the messages are those under which people find help for it.
"""

from __future__ import annotations

import http.client
import re
from collections.abc import Mapping
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, ParseError, fromstring
from xml.sax.saxutils import escape

NAMESPACE = "http://developer.intuit.com/"
_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>'
    f'<soap:Envelope xmlns:soap="{_ENVELOPE}"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xmlns:xsd="http://www.w3.org/2001/XMLSchema"><soap:Body>'
)
_TAIL = "</soap:Body></soap:Envelope>"
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


class SoapFailed(Exception):
    """A call failed: no connection, an HTTP error, a fault, or an answer that is not to the
    letter. `reached` says whether the server was reached at all."""

    def __init__(self, message: str, *, reached: bool = True) -> None:
        super().__init__(message)
        self.reached = reached


def envelope(operation: str, values: Mapping[str, str]) -> bytes:
    """The request message of an operation; `values` in the order of the WSDL."""
    inside = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in values.items())
    call = f'<{operation} xmlns="{NAMESPACE}">{inside}</{operation}>'
    return f"{_HEAD}{call}{_TAIL}".encode()


class SoapClient:
    """One keep-alive connection to an endpoint, opened again when it was closed between calls."""

    def __init__(self, url: str, *, timeout: float = 60.0, expect_continue: bool = False) -> None:
        parts = urlsplit(url)
        kind = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        self._connection = kind(parts.hostname or "", parts.port, timeout=timeout)
        self._path = parts.path + (f"?{parts.query}" if parts.query else "")
        self._expect_continue = expect_continue

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def call(self, operation: str, values: Mapping[str, str]) -> Element | None:
        """Make one call, once. Answers the ``…Result`` element, None when the server sent none.

        Raises `SoapFailed`; the call is never repeated, because nobody knows what came of it.
        """
        headers = {
            "Content-Type": "text/xml; charset=utf-8",
            "SOAPAction": f'"{NAMESPACE}{operation}"',
            "User-Agent": "Stand-in for QuickBooks Web Connector",
        }
        if self._expect_continue:
            headers["Expect"] = "100-continue"
        try:
            self._connection.request("POST", self._path, envelope(operation, values), headers)
        except OSError as error:
            self._connection.close()
            raise SoapFailed(f"The server cannot be reached: {error}", reached=False) from None
        try:
            response = self._connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise SoapFailed(f"{operation}: the connection broke: {error!r}") from None
        return read_answer(operation, response.status, response.getheader("Content-Type"), body)


def read_answer(
    operation: str, status: int, content_type: str | None, body: bytes
) -> Element | None:
    """The ``…Result`` element of an answer, or `SoapFailed` with what is wrong with it."""
    if status != 200:
        raise SoapFailed(f"{operation}: the server answered HTTP {status}: {_shown(body)}")
    if not (content_type or "").lower().startswith("text/xml"):
        raise SoapFailed(f"{operation}: the answer is {content_type} instead of text/xml.")
    if not body.startswith(b"<"):
        raise SoapFailed(
            f"QBWC1042: {operation}: the answer is not well-formed XML: something stands before"
            f" its beginning: {_shown(body)}"
        )
    if b"<!DOCTYPE" in body[:500]:
        raise SoapFailed(f"{operation}: the answer has a document type.")
    try:
        root = fromstring(body)
    except ParseError as error:
        raise SoapFailed(f"QBWC1042: {operation}: the answer is not XML: {error}.") from None
    inside = root.find(f"{{{_ENVELOPE}}}Body")
    if root.tag != f"{{{_ENVELOPE}}}Envelope" or inside is None or len(inside) != 1:
        raise SoapFailed(f"{operation}: the answer is not a SOAP 1.1 envelope with one message.")
    answer = inside[0]
    if answer.tag == f"{{{_ENVELOPE}}}Fault":
        raise SoapFailed(
            f"{operation}: the server reports a fault: {answer.findtext('faultstring')}"
        )
    if answer.tag != f"{{{NAMESPACE}}}{operation}Response":
        raise SoapFailed(f"{operation}: the answer is a {answer.tag}.")
    return answer.find(f"{{{NAMESPACE}}}{operation}Result")


def text_of(operation: str, result: Element | None) -> str:
    """A result that is a string; an absent or nil one is ''."""
    if result is None or result.get(_NIL) in ("true", "1"):
        return ""
    if len(result):
        raise SoapFailed(f"{operation}: the result holds elements instead of plain text.")
    return result.text or ""


def texts_of(operation: str, result: Element | None) -> list[str]:
    """A result that is an array of strings: plain ``string`` elements of the one namespace."""
    if result is None:
        raise SoapFailed(f"{operation}: there is no result.")
    texts = []
    for item in result:
        if item.tag != f"{{{NAMESPACE}}}string":
            raise SoapFailed(
                f"QBWC1012: {operation}: index out of range: the result holds {item.tag} instead"
                " of plain string elements."
            )
        texts.append(text_of(operation, item))
    return texts


def number_of(operation: str, result: Element | None) -> int:
    """A result that is a whole number."""
    text = text_of(operation, result)
    if not re.fullmatch(r"\s*[+-]?\d+\s*", text):
        raise SoapFailed(f"{operation}: the result is not a whole number: {text[:100]!r}.")
    return int(text)


def _shown(body: bytes) -> str:
    return body[:200].decode("utf-8", "replace")
