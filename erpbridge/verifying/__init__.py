"""What must hold of everything that is stored: rules in SQL over the tables in use, and the check.

`manage.py verify` and the nightly run ask all of them; tests and the simulation ask the same ones.
"""

from erpbridge.verifying import documents, history, walls, writes
from erpbridge.verifying.checking import check, count, together
from erpbridge.verifying.rule import Fault, Rule

RULES: tuple[Rule, ...] = (*writes.RULES, *documents.RULES, *history.RULES, *walls.RULES)
CHEAP = tuple(rule for rule in RULES if rule.cheap)

__all__ = ["CHEAP", "RULES", "Fault", "Rule", "check", "count", "together"]
