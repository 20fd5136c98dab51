"""The characters that QuickBooks can hold, and how any other text becomes them.

QuickBooks Desktop lives in Windows code page 1252. Anything else is written with what comes
nearest, and the preview shows the difference before anybody accepts it. Nothing here shortens a
text.
"""

from __future__ import annotations

import re
import unicodedata

_PLAIN = re.compile(r"[\x20-\x7e\n]*")

# What Unicode does not decompose by itself. Signs that are met on construction documents first.
_NEAREST = {
    "\t": " ",
    "\u2028": "\n",
    "\u2029": "\n",
    "−": "-",
    "‐": "-",
    "‑": "-",
    "‒": "-",
    "―": "-",
    "′": "'",
    "″": '"',
    "⁄": "/",
    "∕": "/",
    "→": "->",
    "←": "<-",
    "↔": "<->",
    "⇒": "=>",
    "≤": "<=",
    "≥": ">=",
    "≠": "<>",
    "≈": "~",
    "∅": "Ø",
    "⌀": "Ø",
    "√": "sqrt",
    "∞": "infinite",
    "Δ": "Delta",
    "Ω": "Ohm",
    "π": "pi",
    "μ": "µ",
    "℄": "CL",
    "℅": "c/o",
    "✓": "x",
    "✔": "x",
    "☐": "[ ]",
    "☑": "[x]",
    "☒": "[x]",
    "●": "•",
    "▪": "•",
    "‣": "•",
    "₹": "INR ",
    "₽": "RUB ",
    "₩": "KRW ",
    "₪": "ILS ",
    "Ł": "L",
    "ł": "l",
    "Đ": "D",
    "đ": "d",
    "Ħ": "H",
    "ħ": "h",
    "ı": "i",
    "Ŧ": "T",
    "ŧ": "t",
    "ĸ": "k",
    "Ŋ": "N",
    "ŋ": "n",
    "ẞ": "SS",
}


def fit(value: str) -> str:
    """`value` as QuickBooks can hold it: code page 1252, line feeds, no other control character.

    Characters outside it are spelled with what comes nearest, or with a question mark.
    """
    if _PLAIN.fullmatch(value):
        return value
    written = ""
    for character in value.replace("\r\n", "\n").replace("\r", "\n"):
        near = _near(character)
        if near[:1].isdigit() and written[-1:].isdigit() and not character.isdecimal():
            near = " " + near  # 2⅓ is 2 1/3, never 21/3
        written += near
    return written


def changed(value: str) -> list[tuple[str, str]]:
    """Each character of `value` that will not arrive as it is, with what arrives, once each."""
    if _PLAIN.fullmatch(value):
        return []
    plain = value.replace("\r\n", "\n").replace("\r", "\n")
    pairs = ((character, _near(character)) for character in plain)
    return list(dict.fromkeys((one, near) for one, near in pairs if one != near))


def same(ours: str, theirs: str) -> bool:
    """Whether two texts are one and the same but for blanks, which QuickBooks trims."""
    return ours == theirs or fit(ours).split() == fit(theirs).split()


def one_line(value: str) -> str:
    """`value` on one line, single blanks between the words."""
    return " ".join(value.split())


def _near(character: str) -> str:
    if "\x20" <= character <= "\x7e" or character == "\n":
        return character
    if character in _NEAREST:
        return _NEAREST[character]
    category = unicodedata.category(character)
    if category in ("Cc", "Cs", "Mn", "Me"):
        return ""
    if _in_code_page(character):
        return character
    if category == "Cf":
        return ""
    spelled = "".join(
        _NEAREST.get(part, part)
        for part in unicodedata.normalize("NFKD", character)
        if unicodedata.category(part) not in ("Mn", "Me", "Cc", "Cf")
    )
    if not spelled or spelled == character or not _in_code_page(spelled):
        return "?"
    if unicodedata.decomposition(character).startswith("<super>"):
        return "^" + spelled  # 10⁴ is 10^4, never 104
    return spelled


def _in_code_page(text: str) -> bool:
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True
