"""By API: companies, projects, people and what is asked for them, the lists, one's own tokens."""

from directory.api.lists import (
    categories,
    companies,
    cost_codes,
    jobs,
    people,
    projects,
    vendors,
)
from directory.api.privileges import privilege_requests, withdraw
from directory.api.tokens import token, tokens

__all__ = [
    "categories",
    "companies",
    "cost_codes",
    "jobs",
    "people",
    "privilege_requests",
    "projects",
    "token",
    "tokens",
    "vendors",
    "withdraw",
]
