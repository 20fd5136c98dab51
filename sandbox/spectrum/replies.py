"""What Spectrum answers with: the envelopes as they were seen, or as they are documented.

What an accepted write answers with is documented nowhere. Here it is an answer without any
response; a company can be told to send a G row instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

TYPES = "http://www.northgate-is.com/proiv/webservices/types"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
XML = {"Content-Type": "text/xml; charset=utf-8"}

# Status, headers, content.
Reply = tuple[int, dict[str, str], bytes]

ABORT, INVALID, MISSING, GOOD, WARNING = "A", "I", "M", "G", "W"
# What read services are documented to say instead of A.
ERROR = "E"


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that Spectrum says to a request, about one of its columns."""

    code: str
    text: str
    column: str = ""


class Refused(Exception):
    """A request is refused, with everything that is wrong with it; nothing of it was done."""

    def __init__(self, *said: Said) -> None:
        super().__init__("; ".join(each.text for each in said))
        self.said = said


def written(service: str, said: Sequence[Said] = ()) -> Reply:
    """The answer to a write: what is wrong, or what was good, a response each."""
    responses = "".join(
        "<response>\n"
        f"<error_code>{each.code}</error_code>\n"
        f"<desc>{escape(each.text)}</desc>\n"
        f"<column>{escape(each.column)}</column>\n"
        "</response>\n"
        for each in said
    )
    return (
        200,
        dict(XML),
        (
            '<SOAP-ENV:Envelope SOAP-ENV:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"'
            f' xmlns:SOAP-ENV="{SOAP}" xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
            ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n<SOAP-ENV:Header/>\n'
            f'<SOAP-ENV:Body>\n<nis:{service}Response xmlns:nis="{TYPES}">\n<returnArray>\n'
            f"<returnData>\n{responses}</returnData>\n</returnArray>\n</nis:{service}Response>\n"
            "</SOAP-ENV:Body>\n</SOAP-ENV:Envelope>\n"
        ).encode(),
    )


def rows(service: str, columns: Sequence[str], found: Iterable[Mapping[str, str]]) -> Reply:
    """The answer to a read: a response for each row, quoted and spaced as live servers do."""
    wrapper = service[0].lower() + service[1:]
    lines = []
    for row in found:
        lines.append("    <response>")
        for column in columns:
            value = row.get(column, "")
            lines.append(
                f"        <{column}>{escape(value)}</{column}>" if value else f"        <{column}/>"
            )
        lines.append("    </response>")
    body = "\n".join([f"<{wrapper}>", *lines, f"</{wrapper}>"])
    head = (
        "<SOAP-ENV:Envelope SOAP-ENV:encodingStyle='http://schemas.xmlsoap.org/soap/encoding/'"
        " xmlns:xsd='http://www.w3.org/2001/XMLSchema'"
        f" xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xmlns:SOAP-ENV='{SOAP}'>"
        "<SOAP-ENV:Header></SOAP-ENV:Header><SOAP-ENV:Body>"
        f"<nis:{service}Response xmlns:nis='{TYPES}'><returnArray><returnData>\n\n"
    )
    tail = (
        f"\n</returnData></returnArray></nis:{service}Response></SOAP-ENV:Body></SOAP-ENV:Envelope>"
    )
    return 200, dict(XML), f"{head}{body}{tail}".encode()


def fault(text: str, status: int = 200) -> Reply:
    """A SOAP fault. Live servers send theirs with any status."""
    content = (
        f"<SOAP-ENV:Envelope xmlns:SOAP-ENV='{SOAP}'><SOAP-ENV:Body><SOAP-ENV:Fault>"
        f"<faultcode>SOAP-ENV:Server</faultcode><faultstring>{escape(text)}</faultstring>"
        "</SOAP-ENV:Fault></SOAP-ENV:Body></SOAP-ENV:Envelope>"
    )
    return status, dict(XML), content.encode()


def plain(status: int, text: str, **headers: str) -> Reply:
    """An answer that is no SOAP at all. Underlines in the names of headers stand for hyphens."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, {"Content-Type": "text/plain; charset=utf-8", **more}, f"{text}\n".encode()


def json_text(status: int, text: str) -> Reply:
    """An answer in JSON."""
    return status, {"Content-Type": "application/json; charset=utf-8"}, text.encode()
