"""Nothing of one company leads into another."""

from django.apps import apps
from django.db.models import ForeignKey, Model

from approvals.models import Export
from directory.models import Company
from erpbridge.verifying.rule import Rule


def _across() -> str:
    """Every reference between two rows that both say whose they are, of every table there is."""
    tables = {model: columns for model in apps.get_models() if (columns := _columns(model))}
    parts = [
        f"""
        SELECT one.company_id, {_item(model, columns)} AS export_id,
               format('%s %s leads to a %s of another company', '{model._meta.verbose_name}',
                      one.id, '{target._meta.verbose_name}') AS what
        FROM {model._meta.db_table} AS one
        JOIN {target._meta.db_table} AS other ON other.id = one.{column}
        WHERE other.company_id <> one.company_id
        """
        for model, columns in tables.items()
        for column, target in columns.items()
        if target in tables and target is not Company
    ]
    return " UNION ALL ".join([*parts, _EXCHANGES])


# What was asked, and the message that carried it, are of one connection.
_EXCHANGES = """
    SELECT connection.company_id, NULL::bigint, format(
        'what was asked in conversation %s went out over another company''s connection', one.id)
    FROM connectors_exchange AS exchange
    JOIN connectors_conversation AS one ON one.id = exchange.conversation_id
    JOIN connectors_message AS message ON message.id = exchange.message_id
    JOIN connectors_session AS session ON session.id = message.session_id
    JOIN connectors_connection AS connection ON connection.id = session.connection_id
    WHERE session.connection_id <> one.connection_id
"""


def _columns(model: type[Model]) -> dict[str, type[Model]]:
    """What the rows of a table refer to, by column; nothing for rows that are of no company."""
    columns = {
        str(field.column): field.related_model
        for field in model._meta.concrete_fields
        if isinstance(field, ForeignKey)
    }
    return columns if "company_id" in columns else {}


def _item(model: type[Model], columns: dict[str, type[Model]]) -> str:
    """The item that a row of `one` is, or belongs to."""
    if model is Export:
        return "one.id"
    return "one.export_id" if "export_id" in columns else "NULL::bigint"


APART = Rule(
    "companies",
    "Nothing of one company leads to a row of another.",
    "approvals_export",
    _across,
)

RULES = (APART,)
