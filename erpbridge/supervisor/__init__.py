"""What `./run` does: makes the virtual environment, then starts, watches and stops the servers.

It imports no Django. `install` and `places` run before any package is there, so they and this
file keep to the standard library.
"""

import sys


class Refusal(Exception):
    """A reason, for the person at the terminal, why `./run` cannot go on."""


def say(text: str = "") -> None:
    """One line or block to the terminal, seen at once also through a pipe."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
