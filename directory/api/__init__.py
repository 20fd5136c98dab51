"""Companies, projects, people, the trade's lists and one's own tokens by API."""

from directory.api.lists import (
    categories,
    companies,
    cost_codes,
    jobs,
    people,
    projects,
    vendors,
)
from directory.api.tokens import token, tokens

__all__ = [
    "categories",
    "companies",
    "cost_codes",
    "jobs",
    "people",
    "projects",
    "token",
    "tokens",
    "vendors",
]
