"""What migrations leave behind: all that the models declare, and room for processes of the old
version, which go on storing rows for a while as a new one is deployed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.db.models import Field

OURS = {app.label for app in apps.get_app_configs() if Path(app.path).parent == settings.BASE_DIR}


def needed_later() -> Iterator[tuple[str, str]]:
    """Table and column of every field that may not be empty, and that was not there, or could be
    empty, when its table was made: an old process stores rows without it."""
    graph = MigrationLoader(connection).graph
    state, at_first = ProjectState(), dict[tuple[str, str], set[str]]()
    for node in graph._generate_plan(graph.leaf_nodes(), at_end=True):
        state = graph.nodes[node].mutate_state(state, preserve=False)
        for model in state.models.keys() - at_first.keys():
            fields = state.models[model].fields.items()
            at_first[model] = {_column(name, field) for name, field in fields if not field.null}
    for (app, name), known in at_first.items():
        if app in OURS and (app, name) in state.models:
            model = state.apps.get_model(app, name)
            for field in model._meta.local_concrete_fields:
                if not field.null and field.column not in known:
                    yield model._meta.db_table, field.column


def _column(name: str, field: Field[Any, Any]) -> str:
    return field.db_column or (f"{name}_id" if field.is_relation else name)


@pytest.mark.django_db
def test_what_a_column_holds_that_an_old_process_does_not_know_the_database_knows() -> None:
    found = set(needed_later())
    assert ("connectors_conversation", "disowned") in found
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND is_nullable = 'NO'"
            " AND column_default IS NULL AND is_identity = 'NO'"
        )
        without_default = set(cursor.fetchall())
    missing = sorted(".".join(column) for column in found & without_default)
    assert not missing, f"These need a db_default: {', '.join(missing)}"


@pytest.mark.django_db
def test_the_database_has_every_rule_and_index_that_the_models_declare() -> None:
    # A migration that takes the index of a foreign key away takes others of that column with it.
    declared = {
        rule.name
        for model in apps.get_models()
        for rule in (*model._meta.constraints, *model._meta.indexes)
    }
    assert {"one_session_at_a_time", "one_open_attempt", "queue"} <= declared
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes UNION SELECT conname FROM pg_constraint")
        there = {name for (name,) in cursor.fetchall()}
    assert declared <= there, f"Missing: {', '.join(sorted(declared - there))}"
