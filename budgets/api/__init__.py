"""Budgets by API: their lines, figures, modifications and rounds."""

from budgets.api.budgets import budget, budgets, figures, lock, next_round, unlock
from budgets.api.lines import import_lines, lines, modification, modifications

__all__ = [
    "budget",
    "budgets",
    "figures",
    "import_lines",
    "lines",
    "lock",
    "modification",
    "modifications",
    "next_round",
    "unlock",
]
