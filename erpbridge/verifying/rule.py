"""A rule that must hold of what is stored, and a fault against it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """What must be so, in words, and the SQL that finds where it is not.

    `rows` is what is looked at, as the FROM of a count. `sql` gives (company, export or null, what
    is wrong) for every fault, in one statement: it sees one moment, whatever goes on beside it. A
    `cheap` one reads a few rows or one index, so it can be asked after every step.
    """

    name: str
    words: str
    rows: str
    sql: str | Callable[[], str]
    cheap: bool = False

    def statement(self, company: int | None = None) -> str:
        """The SQL for one company, or for all."""
        sql = self.sql if isinstance(self.sql, str) else self.sql()
        only = "" if company is None else f" WHERE company_id = {company:d}"
        return f"SELECT company_id, export_id, what FROM ({sql}) AS fault{only}"


@dataclass(frozen=True, slots=True)
class Fault:
    """One place where a rule does not hold. `item` is '' where it is of no item."""

    rule: Rule
    company: str
    item: str
    what: str

    def __str__(self) -> str:
        return " · ".join(part for part in (self.company, self.item, self.what) if part)
