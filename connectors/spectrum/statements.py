"""The SELECT statements that a site asks its Info-Link with: what may stand in them.

Evidence: Info-Link gives read access by SQL to views of Spectrum, VN_SUBCONTRACT_MC and
CR_CHNG_REQ_CON_DET_MC among them (another connector's public documentation). How their columns are
called is not known to us, so each site writes its own statements; the examples are guesses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from unicodedata import normalize

LONGEST = 4000


class Statement(NamedTuple):
    """What is asked: `words` name what it is about, `holder` is what has the number beside the
    company, `columns` what it has to give, by these names: the two that it was asked for first."""

    words: str
    holder: str
    columns: tuple[str, ...]
    example: str

    @property
    def parameters(self) -> tuple[str, ...]:
        """What may stand in it behind an @."""
        return ("company", self.holder, "number")


STATEMENTS = {
    "subcontract": Statement(
        "subcontracts",
        "vendor",
        ("vendor", "number"),
        "SELECT Vendor_Code AS vendor, Subcontract_Number AS number\n"
        "FROM VN_SUBCONTRACT_MC\n"
        "WHERE Company_Code = @company AND Vendor_Code = @vendor\n"
        "  AND Subcontract_Number = @number",
    ),
    "change_request": Statement(
        "change requests",
        "job",
        ("job", "number", "subcontract", "phase", "cost_type", "amount", "description"),
        "SELECT Job_Number AS job,\n"
        "  Change_Request_Number AS number,\n"
        "  Subcontract_Number AS subcontract,\n"
        "  CR_Phase_Code AS phase,\n"
        "  CR_Cost_Type AS cost_type,\n"
        "  Change_Request_Amount AS amount,\n"
        "  Sub_Description AS description\n"
        "FROM CR_CHNG_REQ_CON_DET_MC\n"
        "WHERE Company_Code = @company AND Job_Number = @job\n"
        "  AND Change_Request_Number = @number",
    ),
}

# A statement of SQL Server ends where the next one begins, with nothing in between.
_BEGINNINGS = """
    ALTER BACKUP BEGIN BULK CHECKPOINT CLOSE COMMIT CREATE DBCC DEALLOCATE DECLARE DELETE DENY
    DISABLE DROP ENABLE EXEC EXECUTE FETCH GOTO GRANT IF INSERT INTO KILL MERGE MOVE NEXT OPEN
    OPENDATASOURCE OPENQUERY OPENROWSET OPENXML PRINT RAISERROR READTEXT RECEIVE RECONFIGURE
    RESTORE RETURN REVERT REVOKE ROLLBACK SAVE SEND SET SETUSER SHUTDOWN THROW TRUNCATE UPDATE
    UPDATETEXT USE WAITFOR WHILE WRITETEXT
"""
# What locks rows for others, or passes over rows that are locked or not yet certain.
_LOCKS = """
    HOLDLOCK NOLOCK PAGLOCK READPAST READUNCOMMITTED REPEATABLEREAD ROWLOCK SERIALIZABLE TABLOCK
    TABLOCKX UPDLOCK XLOCK
"""
_REFUSED = frozenset(f"{_BEGINNINGS} {_LOCKS}".split())
# What tells of the server itself: its schemas, and the views from before it had schemas.
_ABOUT_SERVER = frozenset({"SYS", "INFORMATION_SCHEMA"})
_SYS_VIEWS = """
    ALTFILES CACHEOBJECTS CHARSETS COLUMNS COMMENTS CONFIGURES CONSTRAINTS CURCONFIGS CURSORCOLUMNS
    CURSORREFS CURSORS CURSORTABLES DATABASES DEPENDS DEVICES FILEGROUPS FILES FOREIGNKEYS
    FULLTEXTCATALOGS INDEXES INDEXKEYS LANGUAGES LOCKINFO LOCKS LOGINS MEMBERS MESSAGES OBJECTS
    OLEDBUSERS OPENTAPES PERFINFO PERMISSIONS PROCESSES PROTECTS REFERENCES REMOTELOGINS SERVERS
    TYPES USERS
"""
_OLD_VIEWS = frozenset(f"SYS{name}" for name in _SYS_VIEWS.split())
_JOINS = frozenset({"(", "UNION", "ALL", "EXCEPT", "INTERSECT"})
_NUMBER_AND_MORE = re.compile(r"\$|\d+[^\d]")  # 1DELETE is a number and a statement
_PARTS = re.compile(
    r"""(?P<quoted>'(?:[^']|'')*'|\[(?:[^\]]|\]\])*\]|"(?:[^"]|"")*")
    |(?P<comment>--|/\*|\*/)
    |(?P<parameter>@[\w@$#]*)
    |(?P<word>[\w$#]+)
    |(?P<sign>\S)""",
    re.VERBOSE,
)


def faults(name: str, text: str) -> list[str]:
    """Why this is not run as the statement of that name; a sentence for each reason."""
    statement = STATEMENTS[name]
    if len(text) > LONGEST:
        return [f"The statement has {len(text):,} characters; {LONGEST:,} are possible."]
    if any(not (c.isprintable() or c in "\r\n\t") for c in text):
        return ["The statement has characters that cannot be seen."]
    return list(dict.fromkeys((*_faults(statement, text), *_strangers(text))))


def _faults(statement: Statement, text: str) -> Iterator[str]:
    before = ""
    used: set[str] = set()
    for part in _PARTS.finditer(text):
        own = part[0].upper()
        if not before and own != "SELECT":
            yield "It begins with SELECT: one statement that reads, and nothing else."
        elif part["word"] and own == "SELECT" and before and before not in _JOINS:
            yield "It is one SELECT; a second one stands only in brackets or behind UNION."
        if part["word"] and own in _REFUSED:
            yield (
                f"{own} may not stand in it: it only reads, locks nothing and passes over nothing. "
                f"A column of that name is written [{part[0]}]."
            )
        elif part["word"] and _NUMBER_AND_MORE.match(own):
            yield f"“{part[0][:20]}” is no name: a blank stands behind a number."
        elif part["comment"]:
            yield "Comments may not stand in it."
        elif part["sign"] in ("'", '"', "["):
            yield f"What begins with {part[0]} does not end."
        elif part["sign"] == ";":
            yield "It is one statement, without a semicolon."
        elif part["parameter"]:
            used.add(part[0][1:].lower())
        before = own
    known = ", ".join(f"@{one}" for one in statement.parameters)
    if strange := sorted(used - {*statement.parameters}):
        yield f"There is no @{', @'.join(strange)}; what is put in is {known}."
    if missing := [one for one in statement.parameters[1:] if one not in used]:
        yield f"It has to ask for @{' and @'.join(missing)}; what is put in is {known}."


def _strangers(text: str) -> Iterator[str]:
    """What is wrong with the names in it: they stay in the one database, among its own views."""
    for parts in _names(text):
        name = ".".join(parts)
        if len(parts) > 2:
            yield (
                f"“{name[:80]}” has more than two parts, so it may be in another database or on "
                "another server. What is read stands in the database that is entered: one dot in a "
                "name at most."
            )
        if _ABOUT_SERVER & {*map(_plain, parts[:-1])} or _plain(parts[-1]) in _OLD_VIEWS:
            yield f"“{name[:80]}” is about the server itself. What is read are Spectrum's views."


def _names(text: str) -> Iterator[list[str]]:
    """The names in a statement, each in its parts: dbo.[My View] is dbo and My View."""
    parts: list[str] = []
    dotted = False
    for part in _PARTS.finditer(text):
        own = part[0]
        if own == ".":
            parts = [*parts, ""] if dotted or not parts else parts
            dotted = True
            continue
        named = bool(part["word"] or part["quoted"]) and not own.startswith("'")
        if parts and not (named and dotted):
            yield parts
            parts = []
        if named:
            parts = [*parts, own if part["word"] else own[1:-1]]
        dotted = False
    if parts:
        yield parts


def _plain(name: str) -> str:
    """A name as the server compares it: it takes wide letters and small ones for the same."""
    return normalize("NFKC", name).upper().strip()
