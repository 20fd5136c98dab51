"""How the stand-in for QuickBooks says no: for one request, or for a whole document."""

from __future__ import annotations

OK = 0
NO_MATCH = 1
SOME_NOT_FOUND = 500
NO_SUCH_MESSAGE_SET = 600
NOT_PLAYED = 1000
REQUEST_ID_TOO_LONG = 1060
OBJECT_NOT_FOUND = 3120
REFERENCE_NOT_FOUND = 3140
ELEMENT_MISSING = 3150
CANNOT_SAVE = 3170
PERIOD_CLOSED = 3171
IN_USE = 3176
EDIT_SEQUENCE_OUTDATED = 3200
VALUE_INVALID = 3210
NOT_PROCESSED = 3231
FEATURE_OFF = 3250
NOT_ALLOWED = 3260
LINES_OUT_OF_ORDER = 3290
ITERATOR_INVALID = 3391
OTHER_BYTES = 9001
NOTHING_STORED = 9002
BAD_MESSAGE_SET_ID = 9004

NOT_PARSED = "0x80040400"


def severity(code: int) -> str:
    """The statusSeverity that goes with a statusCode: Info below 500, Warn below 1000, or Error."""
    if code < 500:
        return "Info"
    return "Warn" if code < 1000 else "Error"


class Refused(Exception):
    """One request is refused with a status code; nothing of it was executed."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class NotParsed(Exception):
    """The whole document could not be read. There is no answer, only an hresult; nothing of it
    was executed."""

    def __init__(self, message: str, hresult: str = NOT_PARSED) -> None:
        super().__init__(message)
        self.hresult = hresult
        self.message = message
