"""Asking the rules: each is one statement whose rows are read piece by piece."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db import DataError, connection, transaction

from approvals.models import Export
from directory.models import Company
from erpbridge.verifying.rule import Fault, Rule

_PIECE = 500  # faults that are named at once
_MEMORY = "64MB"  # of the database, for each sorting or joining of a rule; the rest goes to disk


def check(rules: Sequence[Rule], company: int | None = None) -> Iterator[Fault]:
    """Every fault against `rules`, of one company or of all; memory stays the same for any number.

    A rule that cannot be asked (a stored text is no JSON any more) is a fault itself.
    """
    for rule in rules:
        try:
            with transaction.atomic(), connection.chunked_cursor() as cursor:
                with connection.cursor() as setting:
                    setting.execute("SET LOCAL work_mem = %s", [_MEMORY])
                cursor.execute(rule.statement(company))
                while rows := cursor.fetchmany(_PIECE):
                    yield from _named([(rule, row) for row in rows])
        except DataError as error:
            what = f"this could not be looked at: {str(error).splitlines()[0]}"
            yield Fault(rule, "", "", what)


def together(rules: Sequence[Rule], company: int | None = None) -> list[Fault]:
    """The same in one statement and one moment: for a few rules that are asked often."""
    sql = " UNION ALL ".join(
        f"SELECT {place}, found.* FROM ({rule.statement(company)}) AS found"
        for place, rule in enumerate(rules)
    )
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return _named([(rules[place], row) for place, *row in cursor.fetchall()])


def count(rule: Rule) -> int:
    """How many rows a rule looks at."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {rule.rows}")
        [(rows,)] = cursor.fetchall()
    return int(rows)


def _named(found: Sequence[tuple[Rule, Any]]) -> list[Fault]:
    """Faults with the names of their companies and items; two queries for however many."""
    companies = Company.objects.in_bulk({row[0] for _, row in found} - {None})
    items = Export.objects.select_related("parent", "project").defer("copy", "terms", "receipt")
    exports = items.in_bulk({row[1] for _, row in found} - {None})
    return [
        Fault(
            rule,
            str(companies.get(company, "")),
            _item(exports[export]) if export in exports else "",
            what,
        )
        for rule, (company, export, what) in found
    ]


def _item(export: Export) -> str:
    return f"{export}{export.of} (item {export.pk})"
