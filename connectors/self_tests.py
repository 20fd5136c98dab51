"""Trying what the ERP shows the user that speaks for ERP Bridge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

import msgspec
from django.db.models.functions import Now

from connectors import engine
from connectors.contract import Area, Kind
from connectors.engine.scripts import SelfTest, encode
from connectors.models import Connection, Conversation
from connectors.pulls import LISTS, rows_of

SELF_TEST = "self-test"


class SelfTests:
    """The purpose of the conversations that try what the ERP shows its user."""

    def lock(self, conversations: Sequence[Conversation]) -> None:
        """Nothing: what is seen is kept beside the connection and moves nothing."""

    def begin(self, conversations: Sequence[Conversation]) -> Mapping[str, str | None]:
        """With how many of each list were ever read there and not deleted since."""
        inputs: dict[str, str | None] = {}
        for conversation in conversations:
            connection = Connection.objects.get(pk=conversation.connection_id)
            known = {
                what: sum(
                    rows.exclude(synced_at=None).count()
                    for rows in rows_of(connection.company_id, what)
                )
                for what in LISTS
            }
            erp = connection.capabilities
            asked = any(erp.can_ask(kind, connection.settings) for kind in get_args(Kind))
            inputs[conversation.subject] = encode(SelfTest(known, asked))
        return inputs

    def put_back(self, conversations: Sequence[Conversation]) -> None:
        """It is tried at the next visit."""

    def lost(self, conversations: Sequence[Conversation]) -> None:
        """Never: looking writes nothing."""

    def settle(self, outcomes: Sequence[engine.Outcome]) -> None:
        """Keep what was seen, for the connection's page."""
        for outcome in outcomes:
            if outcome.error is None:
                seen: tuple[Area, ...] = outcome.value
                Connection.objects.filter(pk=outcome.conversation.connection_id).update(
                    areas=[msgspec.to_builtins(area) for area in seen], tested_at=Now()
                )
