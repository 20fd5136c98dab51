"""Having an ERP make a new secret in place of the one that it gave us, where it does such.

It is called by a worker, beside the lane: nothing of a document hangs on it. The old secret ends
with the answer, so an answer that never comes is told: then a person types what the ERP shows.
"""

from __future__ import annotations

from typing import cast

from django.db import transaction
from msgspec.structs import replace

from connectors.contract import ErpError, Pushed, Site
from connectors.models import Connection
from connectors.outside import Answer, Line, NoAnswer, NotReached
from connectors.pulls import queue_test
from connectors.registry import connector_for
from connectors.secrets import Locked, secrets_of, set_secrets
from directory.history import Happened, append

LOST = (
    "No answer came to the question for a new secret, so the old one may have ended. Test the "
    "connection; if it is refused, have a new secret made in the ERP and enter it."
)


def renew(connection_id: int, user_id: int) -> None:
    """Ask for a new secret for that person and keep it; what came of it is the connection's last
    result."""
    connection = Connection.objects.get(pk=connection_id)
    try:
        new = _asked(connection)
    except (ErpError, Locked, NoAnswer, NotReached, ValueError) as error:
        told = f"No new secret: {error}"
    else:
        told = "The ERP made a new secret, and it is kept."
        with transaction.atomic():
            locked = Connection.objects.select_for_update(no_key=True).get(pk=connection_id)
            set_secrets(locked, {**secrets_of(locked), **new})
            names = {"names": ", ".join(new)}
            append(
                locked.company_id,
                [Happened("secrets", f"connection:{connection_id}", user_id, names)],
            )
    Connection.objects.filter(pk=connection_id).update(last_result=told[:300])
    with transaction.atomic():
        queue_test(connection)


def _asked(connection: Connection) -> dict[str, str]:
    """The new secrets by name. Raises what `Line.call` and the connector raise, and Locked."""
    erp = cast(Pushed, connector_for(connection.erp))
    site = Site(
        address=connection.address, settings=connection.settings, secrets=secrets_of(connection)
    )
    with Line(connection.address) as line:
        if (call := erp.token_call(site)) is not None:
            token, _seconds = erp.token(_reply(line.call(call)))
            site = replace(site, token=token)
        call = erp.renewal_call(site)
        if call is None:
            raise ValueError("There is none that the ERP could make.")
        try:
            answer = line.call(call)
        except NoAnswer:
            raise NoAnswer(LOST) from None
    return erp.renewed(_reply(answer))


def _reply(answer: Answer) -> str:
    """As `connectors.contract.pushing` has it; it is kept nowhere."""
    return f"HTTP {answer.status} {answer.type}\n\n{answer.content.decode(errors='replace')}"
