"""Secrets that have to be read again, encrypted at rest.

The keys are ERPBRIDGE_ENCRYPTION_KEYS: the first seals, every one of them opens, so a new key is
put in front of the old ones.
"""

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def seal(secret: str) -> str:
    """`secret`, for the database."""
    return _keys().encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """What was sealed. Raises cryptography.fernet.InvalidToken without its key."""
    return _keys().decrypt(sealed.encode()).decode()


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.ENCRYPTION_KEYS])
