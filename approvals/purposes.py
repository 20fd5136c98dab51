"""What the engine does with exports: the worker's steps of the table.

Called inside the engine's transaction; only rows are written. One object serves both purposes:
`export`, which writes, and `find`, which looks for what was written and never answered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from approvals.destination_changes import what_changed
from approvals.models import Export
from approvals.moves import Move, lock_exports, make
from approvals.readiness import destinations, frozen_problems
from approvals.states import STEPS, Status
from connectors import engine
from connectors.contract import (
    Absent,
    Again,
    CannotTell,
    Capabilities,
    Denied,
    Found,
    Gone,
    Receipt,
    Terms,
    Unclear,
    digest_of,
)
from connectors.destination import facts_for
from connectors.engine.scripts import Export as Input
from connectors.engine.scripts import encode
from connectors.models import Connection, Conversation


class Exports:
    """The purpose of every conversation about an export."""

    def lock(self, conversations: Sequence[Conversation]) -> None:
        # Only what is to begin asks what its commitment has become.
        beginning = any(one.state == Conversation.State.WAITING for one in conversations)
        held = lock_exports([int(one.subject) for one in conversations], parents=beginning)
        for conversation in conversations:
            export = held[int(conversation.subject)]
            above = [held[export.parent_id]] if beginning and export.parent_id else []
            conversation.held = {one.pk: one for one in [export, *above]}

    def begin(self, conversations: Sequence[Conversation]) -> Mapping[str, str | None]:
        """accepted → exporting, with everything frozen that the script may use.

        What is no longer right (a link that changed since it was accepted, a commitment that is
        gone) fails here, and nothing is written to the ERP.
        """
        exports: dict[int, Export] = {}
        for conversation in conversations:
            exports |= conversation.held
        connection = conversations[0].connection
        erp = connection.capabilities
        wanted = {"export": Status.ACCEPTED, "find": Status.UNKNOWN}
        inputs: dict[str, str | None] = {c.subject: None for c in conversations}
        going = [
            (conversation, export)
            for conversation in conversations
            if (export := _export(conversation)).status == wanted[conversation.purpose]
        ]
        now = destinations(connection, [export for _, export in going], exports)
        to = {export.pk: now.terms(export.document) for _, export in going}
        facts = facts_for(connection, [(export.document, to[export.pk]) for _, export in going])
        tried = [conversation.subject for conversation, _ in going if not conversation.is_first]
        attempts = dict.fromkeys(inputs, ()) | engine.attempts_of(connection, tried)
        begun: list[Move] = []
        stopped: list[Move] = []
        unsure: list[Move] = []
        for conversation, export in going:
            terms = export.frozen_terms
            if terms is None:
                raise ValueError(f"{export} was accepted without terms")
            if conversation.purpose == "export":
                begun.append(Move(export, {}, {"key": conversation.key}))
                doubt = engine.may_be_there(attempts[conversation.subject], erp)
                goes_to = to[export.pk]
                why = self._why_not(connection, export, exports, goes_to, facts, doubt=doubt)
                if why:
                    (unsure if doubt else stopped).append(
                        Move(export, {"message": why}, {"why": why})
                    )
                    continue
            inputs[conversation.subject] = encode(
                Input(
                    export.document,
                    terms,
                    attempts[conversation.subject],
                    erp.can_ask(export.kind, connection.settings),
                )
            )
        make(STEPS["begin"], begun, by=None)
        make(STEPS["fail"], stopped, by=None)
        # Something of these may be in the ERP from earlier: whether it is, is for a person.
        make(STEPS["cannot-tell"], unsure, by=None)
        return inputs

    def _why_not(
        self,
        connection: Connection,
        export: Export,
        exports: dict[int, Export],
        goes_to: Terms,
        facts: Mapping[str, Any],
        *,
        doubt: bool,
    ) -> str:
        """'' where it may go. `doubt`: something of it may be in the ERP from earlier."""
        # The stored text itself is compared, and values with values: a later version of this
        # program may write the same document in other words.
        texts = (digest_of(export.copy), digest_of(export.terms))
        sent = "Nothing more was sent" if doubt else "Nothing was sent"
        terms = export.frozen_terms
        if terms is None or texts != (export.copy_digest, export.terms_digest):
            return f"What was approved has been changed in the database since. {sent}."
        erp = connection.capabilities
        goes_to = _as_accepted(goes_to, terms, export.kind, erp)
        if goes_to != terms:
            changed = (
                "Where this goes in the ERP has changed since it was accepted: "
                f"{what_changed(export.document, terms, goes_to)}. {sent}"
            )
            if doubt and not erp.can_find:
                return (
                    f"{changed}, but something of it may be in {erp.short} as it was before. "
                    "Either put that back as it was and retry; or remove from "
                    f"{erp.short} what is there of it and record that it is not there."
                )
            or_reject = "" if doubt else ", or reject it"
            return f"{changed}. Look at the preview again and retry{or_reject}."
        problems = frozen_problems(connection, export, terms, exports, facts)
        return " ".join(problem.text for problem in problems)

    def put_back(self, conversations: Sequence[Conversation]) -> None:
        """exporting → accepted: nothing was written. A search that is put back changes nothing."""
        tried = [conversation for conversation in conversations if conversation.purpose == "export"]
        make(STEPS["put-back"], [Move(_export(one)) for one in tried], by=None)

    def lost(self, conversations: Sequence[Conversation]) -> None:
        """exporting → unknown. From here nothing is sent again without evidence."""
        make(STEPS["lose"], [Move(_export(one)) for one in conversations], by=None)

    def settle(self, outcomes: Sequence[engine.Outcome]) -> None:
        """The step that follows from how each script ended."""
        # Something stopped it before it had begun: the history tells both.
        unbegun = [
            Move(_export(o.conversation), {}, {"key": o.conversation.key})
            for o in outcomes
            if o.conversation.purpose == "export"
        ]
        make(STEPS["begin"], unbegun, by=None)
        moves: dict[str, list[Move]] = {}
        again: list[Conversation] = []
        for outcome in outcomes:
            step, changes = what_follows(outcome)
            told = {"receipt": changes["erp_id"]} if "erp_id" in changes else changes
            if isinstance(outcome.value, Again):
                told = {"again": outcome.value.why}
            moves.setdefault(step, []).append(Move(_export(outcome.conversation), changes, told))
            if step == "found-not-there":
                again.append(outcome.conversation)
        for step, group in moves.items():
            make(STEPS[step], group, by=None)
        for search in again:
            engine.queue(
                search.connection_id, "export", search.subject, search.record, place=search.place
            )


def what_follows(outcome: engine.Outcome) -> tuple[str, dict[str, Any]]:
    """The step that an outcome asks for, and what it writes into the export."""
    value = outcome.value.receipt if isinstance(outcome.value, Found) else outcome.value
    if isinstance(value, Receipt):
        return "succeed", {
            "receipt": value.canonical(),
            "erp_id": value.id,
            "erp_number": value.number,
            "message": "",
        }
    if isinstance(value, Absent | Again | Gone):
        return "found-not-there", {"message": ""}
    if isinstance(value, Unclear):
        return "cannot-tell", {"message": value.message}
    if isinstance(value, Denied):
        return "fail", {"message": _words(value.message, value.words, value.code)}
    error = outcome.error
    if error is None:
        raise TypeError(f"A script ended with {value!r}")
    step = "cannot-tell" if isinstance(error, CannotTell) else "fail"
    return step, {"message": _words(error.message, error.words, error.code)}


def _as_accepted(goes_to: Terms, accepted: Terms, kind: str, erp: Capabilities) -> Terms:
    """Where it would go now, with what only the approver decides as it was decided."""
    number = accepted.number if kind in erp.chosen_numbers else goes_to.number
    return replace(goes_to, confirmed=accepted.confirmed, number=number)


def _words(message: str, words: str, code: str) -> str:
    """Our sentence and, behind it, the ERP's own words."""
    own = " ".join(part for part in (words, f"({code})" if code else "") if part)
    return f"{message}\n{own}" if own and own not in message else message


def _export(conversation: Conversation) -> Export:
    """The export that a conversation is about, as it was locked."""
    export: Export = conversation.held[int(conversation.subject)]
    return export
