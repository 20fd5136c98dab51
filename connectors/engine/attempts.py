"""What was written before: every try since the ERP last confirmed the document."""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec
from django.db import connection as database

from connectors.contract import Attempt, Capabilities, digest_of
from connectors.engine.scripts import Export, decode_request
from connectors.models import Connection, Conversation
from directory.compiled import table

# Writes that went out, of exports that began after the last one that was settled.
_WRITTEN = """
    SELECT one.subject, message.key, one.id, one.outcome, one.disowned, one.input, exchange.request
    FROM {wanted} AS wanted (subject)
    JOIN connectors_conversation AS one ON one.subject = wanted.subject
    JOIN connectors_exchange AS exchange ON exchange.conversation_id = one.id
    JOIN connectors_message AS message ON message.id = exchange.message_id
    WHERE one.connection_id = %s AND one.purpose = 'export'
      AND exchange.writes AND (%s OR NOT one.disowned)
      AND NOT EXISTS (
          SELECT FROM connectors_conversation AS later
          WHERE later.connection_id = one.connection_id AND later.subject = one.subject
            AND later.purpose IN ('export', 'find', 'unlink') AND later.outcome = 'done'
            AND later.id >= one.id
      )
    ORDER BY one.id, exchange.position
"""


def attempts_of(connection: Connection, subjects: Sequence[str]) -> dict[str, tuple[Attempt, ...]]:
    """Every write of these subjects that went out and is not settled, oldest first; one query,
    and none for no subjects. A person's word settles it where the ERP cannot be asked.

    A conversation may write several times (a call for each line; in QuickBooks each rebuild after
    a stale EditSequence): only its last write can be the one without an answer.
    """
    if not subjects:
        return {}
    wanted, values = table(("text", list(dict.fromkeys(subjects))))
    asked = connection.capabilities.can_find
    with database.cursor() as cursor:
        cursor.execute(_WRITTEN.format(wanted=wanted), [*values, connection.pk, asked])
        rows = cursor.fetchall()
    last = {row[2]: n for n, row in enumerate(rows)}
    attempts: dict[str, tuple[Attempt, ...]] = dict.fromkeys(subjects, ())
    for n, (subject, key, conversation, outcome, disowned, given, request) in enumerate(rows):
        became = _became(outcome, is_last=last[conversation] == n, disowned=disowned)
        body = decode_request(request).body
        attempt = Attempt(
            key=key,
            outcome=became,
            wrote=_wrote(given),
            asked=digest_of(body),
            body=body if became in ("lost", "disowned") else "",
        )
        attempts[subject] += (attempt,)
    return attempts


def _wrote(given: str) -> str:
    """A digest of what an attempt wrote and where to; '' where it was frozen by another version of
    this program and can no longer be read: then it is not what would be written now."""
    try:
        return msgspec.json.decode(given, type=Export).wrote()
    except msgspec.DecodeError:
        return ""


def _became(
    outcome: str, *, is_last: bool, disowned: bool
) -> Literal["lost", "disowned", "refused", "passed"]:
    """What became of a write, by how its conversation ended."""
    if not is_last or outcome == "stopped":
        return "passed"
    if outcome not in ("lost", "unclear"):
        return "refused"
    return "disowned" if disowned else "lost"


def may_be_there(attempts: Iterable[Attempt], erp: Capabilities) -> bool:
    """Whether something of a document may be in the ERP, so that it is not simply taken back.

    A write was never answered; or some were confirmed, where nobody can ask what is there.
    """
    outcomes = {attempt.outcome for attempt in attempts}
    return "lost" in outcomes or ("passed" in outcomes and not erp.can_find)


def is_unsettled(connection: Connection) -> bool:
    """Whether something was written of any document that neither an answer nor a person has
    settled, so that a retry would go on from there."""
    tried = Conversation.objects.filter(
        connection=connection, purpose="export", disowned=False, exchanges__writes=True
    ).exclude(outcome="done")
    subjects = list(tried.order_by().values_list("subject", flat=True).distinct())
    erp = connection.capabilities
    attempts = attempts_of(connection, subjects)
    return any(may_be_there(each, erp) for each in attempts.values())


def disown(connection: int, subjects: Sequence[str]) -> None:
    """A person has looked: nothing of the subjects is in the ERP, whatever was written of them.

    Where the ERP can be asked, it is asked all the same, and the word counts only for what the ERP
    does not show. Where it cannot, the word that all of it is there settles as much.
    """
    written = Conversation.objects.filter(connection=connection, subject__in=subjects)
    written.update(disowned=True)
