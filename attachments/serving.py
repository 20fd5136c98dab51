"""Handing a file out so that nothing in it is ever carried out as part of our pages."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

from attachments.models import Attachment, FileType

CONTENT_TYPES = {
    FileType.PDF: "application/pdf",
    FileType.PNG: "image/png",
    FileType.JPEG: "image/jpeg",
}
# A page of its own, without scripts, forms or anything else of ours.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none';"
    " sandbox"
)


def served(attachment: Attachment, *, shown: bool = False) -> StreamingHttpResponse:
    """The file as a download, or with `shown` in the browser, which only a picture can be."""
    shown = shown and attachment.type != FileType.PDF
    response = StreamingHttpResponse(
        _pieces(attachment), content_type=CONTENT_TYPES[FileType(attachment.type)]
    )
    headers = {
        "Content-Length": str(attachment.size),
        "Content-Disposition": str(content_disposition_header(not shown, attachment.name)),
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, no-store",
    }
    for name, value in headers.items():
        response[name] = value
    return response


def _pieces(attachment: Attachment) -> Iterator[bytes]:
    """Piece after piece, each asked for when the one before it has gone out."""
    number = 0
    while data := attachment.pieces.filter(number=number).values_list("data", flat=True).first():
        yield bytes(data)
        number += 1
