"""Walls that Django's own migrations cannot build: references that stay within one company."""

from django.db.migrations import RunSQL


def same_company(table: str, column: str, target: str) -> RunSQL:
    """A foreign key over (id, company): a row cannot refer to another company's.

    `target` has a unique constraint over (id, company_id); a null reference passes.
    """
    return same(table, column, target, "company_id")


def same(table: str, column: str, target: str, shared: str) -> RunSQL:
    """A foreign key over (id, `shared`): both rows have the same `shared`."""
    name = f"{table}_{column}_same_{shared}"
    return RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({column}, {shared}) "
        f"REFERENCES {target} (id, {shared}) DEFERRABLE INITIALLY DEFERRED",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )
