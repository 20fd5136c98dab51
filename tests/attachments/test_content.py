"""What a file is, by its content alone."""

import io

import pytest

from attachments.content import Unfit, type_of
from tests.attachments.files import jpeg, pdf, png

HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + b"\0" * 200


def look(content: bytes) -> str:
    return type_of(io.BytesIO(content), len(content))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (pdf(), "pdf"),
        (pdf() + b"\r\n\0\0\0", "pdf"),  # as some scanners end theirs
        (png(), "png"),
        (jpeg(), "jpeg"),
        (jpeg().replace(b"\xff\xdb", b"\xff\xff\xdb"), "jpeg"),  # with a fill byte
        (jpeg() + b"ftypmp42 a film behind the picture", "jpeg"),
    ],
)
def test_what_can_be_attached(content: bytes, found: str) -> None:
    assert look(content) == found


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is empty"),
        (b"PK\x03\x04" + b"\0" * 100, "not a PDF, PNG or JPEG"),
        (b"<html><script>alert(1)</script></html>", "not a PDF, PNG or JPEG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a PDF, PNG or JPEG"),
        (b"MZ\x90\0" + pdf(), "not a PDF, PNG or JPEG"),  # a program before a PDF
        (b"GIF89a" + b"\0" * 100, "not a PDF, PNG or JPEG"),
        (HEIC, "Save it as JPEG"),
        (b"%PDF-1.4\nnothing else", "cut short"),
        (pdf()[:-40], "cut short"),
        (pdf().replace(b"startxref\n", b"startxref\n9"), "cut short"),
        (pdf().replace(b"xref\n0 6", b"yref\n0 6"), "damaged"),
        (png()[:-1], "cut short"),
        (png().replace(b"IEND", b"IEN_"), "cut short"),
        (png() + b"<script>", "cut short"),
        (png()[:40] + b"\x01" + png()[41:], "cut short"),  # a bit that fell over
        (png(30_000, 30_000), "30,000 × 30,000 points"),
        (png(0, 3), "no size"),
        (jpeg()[:-2], "cut short"),
        (jpeg()[:30], "cut short"),
        (jpeg(60_000, 60_000), "60,000 × 60,000 points"),
        (b"\xff\xd8\xff\xe0\x00\x00" + jpeg(), "cut short"),
        (b"\xff\xd8\xff\xda\x00\x08" + b"\0" * 9 + b"\xff\xd9", "cut short"),  # no picture in it
    ],
)
def test_what_cannot(content: bytes, why: str) -> None:
    with pytest.raises(Unfit, match=why):
        look(content)
