"""Looks into the ERP for records that documents could be linked to, and what they found."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import msgspec
from django.db.models.functions import Now

from approvals.models import LookUp
from connectors import engine
from connectors.contract import Candidate, Document, Terms
from connectors.engine.scripts import Looking, encode
from connectors.models import Conversation


def subject_of(export: int) -> str:
    """How the lane names the look for one export."""
    return f"look-up {export}"


def _export_of(conversation: Conversation) -> int:
    return int(conversation.subject.split(" ")[1])


def candidates_of(look_up: LookUp | None) -> list[Candidate]:
    """The records that a look-up found."""
    rows = look_up.candidates if look_up else []
    return [msgspec.convert(row, Candidate) for row in rows]


class LookUps:
    """The purpose of the conversations that look for records that are there already."""

    def lock(self, conversations: Sequence[Conversation]) -> None:
        """Nothing: what is found is kept beside the export and moves nothing."""

    def begin(self, conversations: Sequence[Conversation]) -> Mapping[str, str | None]:
        rows = LookUp.objects.filter(export__in=[_export_of(c) for c in conversations])
        asked = {row.export_id: row for row in rows}
        inputs: dict[str, str | None] = {}
        for conversation in conversations:
            one = asked.get(_export_of(conversation))
            inputs[conversation.subject] = _looking(one) if one else None
        return inputs

    def put_back(self, conversations: Sequence[Conversation]) -> None:
        """It is looked for at the next visit."""

    def lost(self, conversations: Sequence[Conversation]) -> None:
        """Never: looking writes nothing."""

    def settle(self, outcomes: Sequence[engine.Outcome]) -> None:
        """Keep what was found, or why nothing could be."""
        for outcome in outcomes:
            found = json.loads(msgspec.json.encode(outcome.value or ()))
            LookUp.objects.filter(export=_export_of(outcome.conversation)).update(
                answered_at=Now(), candidates=found, error=str(outcome.error or "")
            )


def _looking(look_up: LookUp) -> str:
    document = msgspec.json.decode(look_up.copy, type=Document)
    terms = msgspec.json.decode(look_up.terms, type=Terms)
    return encode(Looking(document, terms, look_up.number))
