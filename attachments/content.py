"""What a file is, by its content: its name and what the sender calls it say nothing.

A type is believed when the file begins with its mark and holds together as that type does, as far
as can be seen without drawing it.
"""

from __future__ import annotations

import re
import zlib
from typing import IO

from attachments.models import FileType

# A picture of this many points fills half a gigabyte when it is drawn.
MOST_POINTS = 120_000_000
# How far from its end a PDF may say where its table begins.
PDF_END = 2048
_PIECE = 1 << 16

_PDF_BEGIN = re.compile(rb"%PDF-[12]\.[0-9]")
_PDF_TABLE = re.compile(rb"startxref[ \t\r\n]+([0-9]{1,12})[ \t\r\n]+%%EOF")
# A table of old, or an object that holds one.
_PDF_PLACE = re.compile(rb"[\x00\t\r\n\x0c ]*(?:xref|[0-9]+[ \t\r\n]+[0-9]+[ \t\r\n]+obj)")
_PNG_BEGIN = b"\x89PNG\r\n\x1a\n"
_JPEG_BEGIN = b"\xff\xd8\xff"
_HEIC = re.compile(rb"....ftyp(?:hei|hev|mif1|msf1|avif)", re.DOTALL)


class Unfit(Exception):
    """The file cannot be taken; the message says why and what to do."""


def type_of(file: IO[bytes], size: int) -> FileType:
    """The type of a file of `size` bytes that can be read from any place. Raises Unfit."""
    file.seek(0)
    begin = file.read(16)
    if not begin:
        raise Unfit("it is empty.")
    if _PDF_BEGIN.match(begin):
        _check_pdf(file, size)
        return FileType.PDF
    if begin.startswith(_PNG_BEGIN):
        _check_png(file)
        return FileType.PNG
    if begin.startswith(_JPEG_BEGIN):
        _check_jpeg(file, size)
        return FileType.JPEG
    if _HEIC.match(begin):
        raise Unfit("it is a picture in a format that few can open. Save it as JPEG.")
    raise Unfit("it is not a PDF, PNG or JPEG, whatever its name says. Save it as a PDF.")


def _check_pdf(file: IO[bytes], size: int) -> None:
    file.seek(max(0, size - PDF_END))
    places = _PDF_TABLE.findall(file.read(PDF_END))
    if not places or int(places[-1]) >= size:
        raise Unfit("this PDF is cut short or damaged. Open it and save it again.")
    file.seek(int(places[-1]))
    if not _PDF_PLACE.match(file.read(64)):
        raise Unfit("this PDF is damaged. Open it and save it again.")


def _check_png(file: IO[bytes]) -> None:
    """Chunk after chunk, each with its sum, from the header to the end."""
    file.seek(len(_PNG_BEGIN))
    first, seen_data = True, False
    while len(head := file.read(8)) == 8:
        length, name = int.from_bytes(head[:4], "big"), head[4:]
        if length >= 1 << 31 or first != (name == b"IHDR"):
            break
        body, total = b"", zlib.crc32(name)
        left = length
        while left and (part := file.read(min(left, _PIECE))):
            total = zlib.crc32(part, total)
            left -= len(part)
            body = body or part
        if left or file.read(4) != total.to_bytes(4, "big"):
            break
        if first:
            if length != 13:
                break
            _check_points(int.from_bytes(body[:4], "big"), int.from_bytes(body[4:8], "big"))
        first = False
        seen_data = seen_data or name == b"IDAT"
        if name == b"IEND":
            if seen_data and not file.read(1):
                return
            break
    raise Unfit("this picture is cut short or damaged. Open it and save it again.")


def _check_jpeg(file: IO[bytes], size: int) -> None:
    """Segment after segment up to the picture itself, which must come to an end."""
    place, seen_frame = 2, False
    while place + 4 <= size:
        file.seek(place)
        head = file.read(4)
        marker, length = head[1], int.from_bytes(head[2:4], "big")
        if head[0] != 0xFF or length < 2:
            break
        if marker == 0xFF:  # a fill byte
            place += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            frame = file.read(5)
            _check_points(int.from_bytes(frame[3:5], "big"), int.from_bytes(frame[1:3], "big"))
            seen_frame = True
        place += 2 + length
        if marker == 0xDA:
            if seen_frame and _holds(file, place, b"\xff\xd9"):
                return
            break
    raise Unfit("this picture is cut short or damaged. Open it and save it again.")


def _holds(file: IO[bytes], place: int, wanted: bytes) -> bool:
    """Whether the file has `wanted` somewhere from `place` on."""
    file.seek(place)
    before = b""
    while part := file.read(_PIECE):
        if wanted in before + part:
            return True
        before = part[-len(wanted) + 1 :]
    return False


def _check_points(width: int, height: int) -> None:
    if not width or not height:
        raise Unfit("this picture has no size. Open it and save it again.")
    if width * height > MOST_POINTS:
        raise Unfit(f"this picture has {width:,} × {height:,} points. Save it smaller.")
