"""Asking Info-Link, where a site has it: is this subcontract or change request there?

Spectrum's services tell neither. Info-Link is a database that may only be read, and what is asked
of it is the site's own (see `statements`). That it shows what was written at once is for the site
to see to, and the switch asks for it. That a statement finds anything at all is tried with a record
that is known to be there, each time before "nothing" is believed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

import msgspec

from connectors.contract import Area, Busy, ErpError, Query, Refused, Reply, Request, Script, Site
from connectors.spectrum import site as choices
from connectors.spectrum.services import amount_in
from connectors.spectrum.statements import STATEMENTS, Statement, faults

SWITCH = "infolink"
_SQL = "SQL "
_NOBODY = "~"  # a number that nothing has
_ADVICE = "An administrator corrects this on the Connection page, under Info-Link."

Row = Mapping[str, str]


class Shown(NamedTuple):
    """What Info-Link answered. `code` and `words` are the server's own where it refused; `away`:
    there was no answer. A row has what its columns say, by their names in small letters."""

    columns: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    whole: bool = True
    away: bool = False
    code: str = ""
    words: str = ""


class _Rows(msgspec.Struct):
    columns: list[str]
    rows: list[list[str | None]]
    whole: bool


def is_asked(stored: str) -> bool:
    """Whether a body goes to Info-Link."""
    return stored.startswith(_SQL)


def _request(name: str, **asked: str) -> Request:
    """The question of that name; with nothing `asked` for the record that is known to be there."""
    body = msgspec.json.encode(asked, order="sorted").decode()
    return Request(body=f"{_SQL}{name}\n\n{body}", fresh=True)


def query(stored: str, site: Site) -> Query:
    """What is run for a stored question. Raises ValueError where the site has no Info-Link, or a
    statement that is not run."""
    head, _, content = stored.partition("\n\n")
    name = head.removeprefix(_SQL)
    settings, statement = site.settings, STATEMENTS[name]
    text = settings.get(f"infolink_{name}", "")
    if settings.get(SWITCH) != "Y" or faults(name, text):
        raise ValueError("There is no Info-Link to ask")
    asked = msgspec.json.decode(content, type=dict[str, str])
    if not asked:
        holder, _, number = settings.get(f"infolink_known_{name}", "").partition("/")
        asked = {statement.holder: holder, "number": number}
    return Query(
        address=settings.get("infolink_address", ""),
        database=settings.get("infolink_database", ""),
        user=site.secrets.get("infolink_user", ""),
        password=site.secrets.get("infolink_password", ""),
        statement=text,
        parameters=tuple(sorted({**asked, "company": choices.company(settings)}.items())),
    )


def unwrap(reply: Reply, requests: Mapping[str, Request]) -> dict[str, Shown]:
    """The answer to the one question of a message. Raises ValueError for what is none."""
    text = reply if isinstance(reply, str) else b"".join(reply.read()).decode(errors="replace")
    shown = _read(text)
    return dict.fromkeys(requests, shown)


def _read(text: str) -> Shown:
    head, _, content = text.partition("\n\n")
    match head.split():
        case ["SQL", "rows"]:
            found = msgspec.json.decode(content, type=_Rows)
        case ["SQL", "refused", code]:
            return Shown(code=code, words=content)
        case ["SQL", "away"]:
            return Shown(away=True, words=content)
        case _:
            raise ValueError("A stored reply of Info-Link says what it is")
    columns = tuple(name.strip().lower() for name in found.columns)
    rows = [[(value or "").strip() for value in row] for row in found.rows]
    return Shown(columns, tuple(dict(zip(columns, row, strict=True)) for row in rows), found.whole)


# --- Scripts ------------------------------------------------------------------------------------


def rows_of(name: str, holder: str, number: str) -> Script[tuple[Row, ...]]:
    """All rows of the record with that number of a vendor or job; none where it is not there.

    Raises Busy where Info-Link gave no answer, and Refused where its answer says nothing: also
    where it shows nothing, not even the record that is known to be there.
    """
    statement = STATEMENTS[name]
    shown: Shown = yield _request(name, **{statement.holder: holder, "number": number})
    if error := _fault(statement, shown, (holder, number)):
        raise error
    if not shown.rows:
        known: Shown = yield _request(name)
        if error := _fault(statement, known) or _shows_nothing(statement, known):
            raise error
    return shown.rows


def amount(rows: Iterable[Row]) -> Decimal:
    """What the rows come to. Raises Refused for an amount that is none."""
    return sum(amounts(rows).values(), Decimal("0.00"))


def amounts(rows: Iterable[Row]) -> dict[tuple[str, str], Decimal]:
    """Phase and cost type, in large letters -> what its rows come to. Raises Refused."""
    found: dict[tuple[str, str], Decimal] = {}
    for row in rows:
        value = amount_in(row["amount"])
        if value is None:
            raise Refused(
                f"Info-Link told {row['amount'][:40]!r} as the amount of {row['number']}. {_ADVICE}"
            )
        pair = (row["phase"].upper(), row["cost_type"].upper())
        found[pair] = found.get(pair, Decimal("0.00")) + value
    return found


def _fault(
    statement: Statement, shown: Shown, asked: tuple[str, str] | None = None
) -> ErpError | None:
    """What is wrong with an answer; None where it tells what was `asked` for: the vendor or job,
    and the number."""
    of = f"the question for {statement.words}"
    if shown.away:
        return Busy(f"Info-Link did not answer {of}. {shown.words}")
    if shown.code:
        words = f"“{shown.words.rstrip('.')}”"
        return Refused(f"Info-Link refused {of}: {words} ({shown.code}). {_ADVICE}")
    missing = [name for name in statement.columns if shown.columns.count(name) != 1]
    if missing:
        there = ", ".join(shown.columns)
        return Refused(
            f"The statement for {statement.words} does not give one column called "
            f"{' and one called '.join(missing)} (it gives: {there}). {_ADVICE}"
        )
    if not shown.whole:
        return Refused(
            f"The statement for {statement.words} gave {len(shown.rows):,} rows, and that was not "
            f"all. It has to give those of the one number that is asked for. {_ADVICE}"
        )
    for name, wanted in zip((statement.holder, "number"), asked or (), strict=False):
        others = {row[name] for row in shown.rows if row[name].upper() != wanted.upper()}
        if others:
            return Refused(
                f"The statement for {statement.words} gave the {name} {min(others)!r} where "
                f"{wanted!r} was asked for. {_ADVICE}"
            )
    return None


def _shows_nothing(statement: Statement, known: Shown) -> Refused | None:
    if known.rows:
        return None
    return Refused(
        f"Info-Link does not even show the one of the {statement.words} that is known to be there, "
        "so what it does not show may be there all the same. Somebody looks whether that one was "
        f"removed from Spectrum, and enters another one; or else the statement is wrong. {_ADVICE}"
    )


def self_test() -> Script[list[Area]]:
    """Each statement: it runs, gives its columns, finds what is there and nothing else."""
    areas = []
    for name, statement in STATEMENTS.items():
        problem = ""
        try:
            nothing: Shown = yield _request(name, **{statement.holder: _NOBODY, "number": _NOBODY})
            known: Shown = yield _request(name)
            for error in (
                _fault(statement, nothing, (_NOBODY, _NOBODY)),
                _fault(statement, known),
                _shows_nothing(statement, known),
            ):
                if error:
                    raise error
            if "amount" in statement.columns:
                amount(known.rows)
        except ErpError as error:
            problem = error.message
        areas.append(Area(name=f"Info-Link: {statement.words}", problem=problem))
    return areas
