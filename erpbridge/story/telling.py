"""What all chapters are told with."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from erpbridge.story.visitor import NotAllowed, Visitor

Say = Callable[[str], object]


class Failed(Exception):
    """The story did not come out as it should; the message says in what."""


class Teller:
    """Somebody who tells what people do. `say` takes one line at a time."""

    def __init__(self, say: Say) -> None:
        self.say = say

    def step(
        self, who: Visitor, export: Any, step: str, terms: str = "", number: str = ""
    ) -> dict[str, Any]:
        """Press a button as it is offered now."""
        pk = export if isinstance(export, int) else export["id"]
        version = who.get(f"exports/{pk}/")["export"]["version"]
        made: dict[str, Any] = who.post(
            f"exports/{pk}/{step}/",
            {"version": version, "note": "", "terms": terms, "number": number},
        )
        return made

    def refused(self, what: str, attempt: Callable[[], object]) -> None:
        try:
            attempt()
        except NotAllowed as refused:
            told = refused.problem
            why = told.get("problems") or told.get("faults") or [{"text": told["detail"]}]
            self.say(f"{what}, and is refused: {' '.join(each['text'] for each in why)}")
        else:
            raise Failed(f"{what}, and nobody stopped it.")

    def chapter(self, title: str) -> None:
        self.say(f"\n{title}\n{'-' * len(title)}")


def money(text: str) -> str:
    return f"{Decimal(text):,.2f}"
