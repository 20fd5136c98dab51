"""Taking a rule out of the product: its own text is changed, in this process only."""

from __future__ import annotations

import inspect
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import pytest
from django.db import connection
from django.db.models import DateTimeField, Func

from directory.compiled import CompiledQuery
from tests.simulation.database import Database
from tests.simulation.plan import Profile

OURS = ("approvals", "budgets", "commitments", "connectors", "directory")


@dataclass(frozen=True, slots=True)
class Edit:
    """In `place` (module:name) `there` becomes `instead`."""

    place: str
    there: str
    instead: str


@dataclass(frozen=True, slots=True)
class Mutant:
    rule: str
    edits: tuple[Edit, ...]
    profile: Profile
    hidden_by: str = ""


class Instruments:
    """What a mutant's text may use: the clock of a machine, and a commit in between."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def host_clock(self) -> Func:
        return Func(function="sim.host_timestamp", output_field=DateTimeField())

    def commit(self) -> None:
        """What was done so far stays, unless a savepoint is open."""
        if not connection.savepoint_ids:
            connection.connection.commit()
            self.database.commits += 1
            self.database.moments.pass_by()


@contextmanager
def made(mutant: Mutant, database: Database) -> Iterator[None]:
    """While it lasts, the product is the mutant."""
    with pytest.MonkeyPatch.context() as patch:
        for edit in mutant.edits:
            _edit(patch, edit, Instruments(database))
        _forget_what_was_prepared()
        yield
    _forget_what_was_prepared()


def _forget_what_was_prepared() -> None:
    """Queries that are written once are written anew, by what the functions now say."""
    for name, module in list(sys.modules.items()):
        if name.startswith(OURS):
            for one in vars(module).values():
                if isinstance(one, CompiledQuery):
                    for kept in ("_queryset", "_written", "_read", "_converters"):
                        vars(one).pop(kept, None)


def _edit(patch: pytest.MonkeyPatch, edit: Edit, instruments: Instruments) -> None:
    module_name, _, name = edit.place.partition(":")
    module = sys.modules.get(module_name) or import_module(module_name)
    patch.setattr(module, "SIM", instruments, raising=False)
    *above, last = name.split(".")
    owner: Any = module
    for part in above:
        owner = getattr(owner, part)
    old = getattr(owner, last)
    new = _rewritten(old, edit, module)
    patch.setattr(owner, last, new)
    if above:
        return
    for name, other in list(sys.modules.items()):
        if name.startswith(OURS) and getattr(other, last, None) is old:
            patch.setattr(other, last, new)


def _rewritten(old: Any, edit: Edit, module: Any) -> Any:
    source = old if isinstance(old, str) else textwrap.dedent(_source(old))
    if edit.there not in source:
        raise AssertionError(f"{edit.place} no longer says {edit.there!r}: mend the mutant")
    source = source.replace(edit.there, edit.instead)
    if isinstance(old, str):
        return source
    made: dict[str, Any] = {}
    code = compile(f"from __future__ import annotations\n{source}", edit.place, "exec")
    exec(code, vars(module), made)
    [function] = [value for name, value in made.items() if name != "annotations"]
    # A second edit of the same function begins from here.
    inspect.unwrap(function).__source__ = source
    return function


def _source(function: Any) -> str:
    plain = inspect.unwrap(function)
    kept: str | None = getattr(plain, "__source__", None)
    return kept or inspect.getsource(plain)
