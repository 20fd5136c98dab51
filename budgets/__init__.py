"""Budgets. So far only their place in the house: the tool, its level, and a door that says so."""
