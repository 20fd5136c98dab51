"""Writing requests and reading answers in the tests of the company file."""

import os
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

from sandbox.quickbooks import CompanyFile
from sandbox.quickbooks.books import Session

HEAD = '<?xml version="1.0" encoding="utf-8"?><?qbxml version="13.0"?>'


def message_set(*requests: str, **attributes: str) -> str:
    """A qbXML document around requests; stopOnError unless told otherwise."""
    attributes = {"onError": "stopOnError", **attributes}
    written = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    return f"{HEAD}<QBXML><QBXMLMsgsRq {written}>{''.join(requests)}</QBXMLMsgsRq></QBXML>"


class Application:
    """An application that asks a company file, and reads the answers.

    With QBXML_SCHEMA set to the folder of the published schema, every answer is checked by it.
    """

    def __init__(self, company: CompanyFile, session: Session | None = None) -> None:
        self.company = company
        self.session = session

    def document(self, text: str) -> Element:
        """The QBXMLMsgsRs that answers a whole document."""
        answer = self.company.answer(text, self.session)
        check_answer(answer)
        return fromstring(answer)[0]

    def ask(self, *requests: str, **attributes: str) -> Element:
        """The QBXMLMsgsRs that answers a message set of these requests."""
        return self.document(message_set(*requests, **attributes))

    def one(self, request: str) -> Element:
        """The one response to one request."""
        return self.ask(request)[0]


def status(response: Element) -> tuple[int, str]:
    """Status code and severity of a response."""
    return int(response.attrib["statusCode"]), response.attrib["statusSeverity"]


_schema = None


def published_schema():
    """The published schema, None when QBXML_SCHEMA does not name its folder."""
    global _schema
    if _schema is None and os.environ.get("QBXML_SCHEMA"):
        from lxml import etree

        _schema = etree.XMLSchema(etree.parse(Path(os.environ["QBXML_SCHEMA"]) / "qbxmlops130.xsd"))
    return _schema


def check_answer(text: str) -> None:
    """Hold an answer against the published schema, where that is at hand."""
    if schema := published_schema():
        from lxml import etree

        schema.assertValid(etree.fromstring(text.encode()))
