"""Small files of each kind, made here."""

import zlib
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile


def pdf(words: str = "Signed") -> bytes:
    """One page, with its table in the right place."""
    drawn = f"BT /F1 18 Tf 72 720 Td ({words}) Tj ET"
    parts = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R"
        "/Resources<</Font<</F1 5 0 R>>>>>>",
        f"<</Length {len(drawn)}>>\nstream\n{drawn}\nendstream",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    made, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(made))
        made += f"{number} 0 obj\n{part}\nendobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    end = f"xref\n0 {len(parts) + 1}\n0000000000 65535 f \n{table}"
    end += f"trailer\n<</Size {len(parts) + 1}/Root 1 0 R>>\nstartxref\n{len(made)}\n%%EOF\n"
    return made + end.encode()


def png(width: int = 4, height: int = 3, *, grey: int = 128) -> bytes:
    """One grey."""
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x00\x00\x00\x00"
    rows = (b"\0" + bytes([grey]) * width) * height if width * height < 10**6 else b""
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")
        for name, body in ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    )


def jpeg(width: int = 4, height: int = 3) -> bytes:
    """The frame of a JPEG; no browser would draw it."""
    frame = b"\x08" + height.to_bytes(2, "big") + width.to_bytes(2, "big") + b"\x01\x01\x11\x00"
    segments = ((0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"), (0xDB, b"\0" * 65), (0xC0, frame))
    made = b"\xff\xd8" + b"".join(
        bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body
        for marker, body in segments
    )
    return made + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + b"\x12\x34" * 40 + b"\xff\xd9"


def upload(name: str, content: bytes, called: str = "application/octet-stream") -> Any:
    """A file as a form brings it."""
    return SimpleUploadedFile(name, content, content_type=called)
