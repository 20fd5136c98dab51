"""The database is not there, or no longer over this connection."""

from django.db import InterfaceError, OperationalError

# Whoever catches one of these must not go on over the same connection: within `atomic` Django
# would take it for one with a transaction open, which nobody ever closes, and the process could
# not speak to the database again. So they are let through, to where the connection is closed.
GONE = (OperationalError, InterfaceError)
