"""Addresses of pages. Putting one together takes Django longer than looking it up."""

from functools import lru_cache

from django.urls import reverse


@lru_cache(maxsize=10_000)
def address(name: str, *args: int | str, **kwargs: int | str) -> str:
    """The address of the page of that name. Raises NoReverseMatch, as `reverse` does."""
    return reverse(name, args=args, kwargs=kwargs)
