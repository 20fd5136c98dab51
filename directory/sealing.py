"""Secrets that have to be read again, encrypted at rest.

The keys are ERPBRIDGE_ENCRYPTION_KEYS: the first seals, every one of them opens, so a new key is
put in front of the old ones. `manage.py rotate_secrets` then seals everything with it, and the old
ones can go.
"""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


def seal(secret: str) -> str:
    """`secret`, for the database."""
    return _keys().encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """What was sealed. Raises cryptography.fernet.InvalidToken without its key."""
    return _keys().decrypt(sealed.encode()).decode()


def resealed(sealed: str) -> str:
    """The same, sealed with the first key; unchanged if it is so already. Raises InvalidToken."""
    try:
        Fernet(settings.ENCRYPTION_KEYS[0]).decrypt(sealed.encode())
    except InvalidToken:
        return _keys().rotate(sealed.encode()).decode()
    return sealed


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.ENCRYPTION_KEYS])
