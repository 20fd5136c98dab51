"""Passwords that somebody who knows what this is, and for whom, would try first."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError

from directory.models import User

# Words of this trade and of what stands on our pages; docs/security.md names them, too.
WORDS = (
    "erpbridge",
    "quickbooks",
    "intuit",
    "viewpoint",
    "spectrum",
    "password",
    "accounting",
    "construction",
    "contractor",
    "commitment",
    "builders",
    "invoice",
    "budget",
    "welcome",
    "admin",
    "erp",
)
LEFT = 6  # so many characters that are no such word, and no part of a company's name


class NotOfTheTrade:
    """Refuses what is made of words of this trade and of the names of one's companies, but for a
    year or a few signs."""

    def validate(self, password: str, user: User | None = None) -> None:
        names = (
            [str(member.company) for member in user.memberships.select_related("company")]
            if user is not None and user.pk
            else []
        )
        words = {*WORDS, *(part for name in names for part in re.split(r"\W+", name.lower()))}
        left = re.sub(r"[\W_]", "", password.lower())
        for word in sorted(words, key=len, reverse=True):
            if len(word) >= 3:
                left = left.replace(word, "")
        left = re.sub(r"(19|20)\d\d", "", left)
        if len(left) < LEFT:
            raise ValidationError(
                "This password is made of words that anybody would try here, such as the name of "
                "your company. Take a sentence that only you would write.",
                code="of_the_trade",
            )

    def get_help_text(self) -> str:
        return "It is not made of your company's name and words such as QuickBooks."
