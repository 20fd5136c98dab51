"""Mails are rows; workers send them, each at most once.

A mail server's answer can be lost, and then nobody knows whether the mail is on its way. So the row
says `sending`, committed, before the server is called. From there it becomes `sent`, or, if the
server refused it or could not be reached, `waiting` again; anything else (the connection broke
while it was being handed over, the worker died) leaves it `unsure`, and it is never repeated.
"""

from __future__ import annotations

import logging
import smtplib
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from directory.bell import ring_on_commit
from directory.models import Mail, User

log = logging.getLogger(__name__)

State = Mail.State
# After each failed try so long until the next; then it is given up.
PAUSES = [timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 480, 960)]
# A mail that could not go for so long tells old news.
TOO_OLD = timedelta(days=3)
# Longer than any server is waited for: who is still sending has died.
DIED = timedelta(minutes=15)
LOST = "The worker stopped while it was being sent. It may have gone out, so it is not repeated."
BROKEN = "The connection broke as it was handed over. It may have gone out, so it is not repeated."


def post(
    address: str,
    subject: str,
    text: str,
    html: str = "",
    *,
    user: User | None = None,
    key: str | None = None,
) -> Mail | None:
    """Put a mail into the outbox, in the running transaction; None if `key` was posted before."""
    mail = Mail(user=user, address=address, subject=subject, text=text, html=html, key=key)
    try:
        with transaction.atomic():
            mail.save()
    except IntegrityError:
        if key is None:
            raise
        return None
    ring_on_commit("directory.tasks.mail")
    return mail


def send_waiting(most: int = 100) -> int:
    """Send what waits, one after the other; how many were tried. Nothing if no mail is set up."""
    tried = 0
    while tried < most and settings.MAIL_DELIVERY and (mail := _claim()) is not None:
        tried += 1
        if settings.MAIL_DELIVERY == "page":
            _end(mail, State.SHOWN)
        else:
            _send(mail)
    return tried


def sweep() -> None:
    """Settle what nobody will finish: mails of workers that died, and mails that are too old."""
    dead = Mail.objects.filter(state=State.SENDING, state_at__lt=Now() - DIED)
    dead.update(state=State.UNSURE, state_at=Now(), error=LOST, **_forgotten())
    old = Mail.objects.filter(state=State.WAITING, made_at__lt=Now() - TOO_OLD)
    words = "It waited for three days without being sent."
    old.update(state=State.FAILED, state_at=Now(), error=words, **_forgotten())


@transaction.atomic(durable=True)
def _claim() -> Mail | None:
    """The next mail, for this worker alone; `sending` is there for everybody when this returns."""
    waiting = Mail.objects.filter(state=State.WAITING, not_before__lte=Now()).order_by("id")
    mail = waiting.select_for_update(skip_locked=True).first()
    if mail is not None:
        mail.tries += 1
        _mine(mail).update(state=State.SENDING, state_at=Now(), tries=mail.tries)
    return mail


def _send(mail: Mail) -> None:
    server = get_connection()
    try:
        server.open()
    except (OSError, smtplib.SMTPException) as error:
        _try_later(mail, f"The mail server cannot be used: {error}")
        return
    try:
        server.send_messages([_message(mail)])
    except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused) as error:
        code, words = _refusal(error)
        if 400 <= code < 500:
            _try_later(mail, f"The mail server refused it for now: {words}")
        else:
            _end(mail, State.FAILED, f"The mail server refused it: {words}")
    except (OSError, smtplib.SMTPException):
        log.warning("Mail %s may have gone out", mail.pk, exc_info=True)
        _end(mail, State.UNSURE, BROKEN)
    else:
        _end(mail, State.SENT)
    finally:
        _hang_up(server)


def _message(mail: Mail) -> EmailMultiAlternatives:
    host = settings.BASE_URL.partition("://")[2].partition("/")[0].partition(":")[0]
    message = EmailMultiAlternatives(
        mail.subject,
        mail.text,
        to=[mail.address],
        headers={"Message-ID": f"<{mail.pk}.mail@{host}>", "Auto-Submitted": "auto-generated"},
    )
    if mail.html:
        message.attach_alternative(mail.html, "text/html")
    return message


def _refusal(error: smtplib.SMTPException) -> tuple[int, str]:
    """The server's own code and words."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        [(code, words)] = error.recipients.values()
    else:
        code, words = error.smtp_code, error.smtp_error  # type: ignore[attr-defined]
    return code, words.decode(errors="replace") if isinstance(words, bytes) else str(words)


def _hang_up(server: object) -> None:
    """What the server says to a goodbye changes nothing about the mail."""
    try:
        server.close()  # type: ignore[attr-defined]
    except (OSError, smtplib.SMTPException) as error:
        log.info("The mail server did not take leave: %s", error)


def _try_later(mail: Mail, why: str) -> None:
    if mail.tries > len(PAUSES):
        _end(mail, State.FAILED, f"Tried {mail.tries} times. {why}")
        return
    pause = PAUSES[mail.tries - 1]
    later = {"state": State.WAITING, "state_at": Now(), "not_before": Now() + pause}
    # Unless it was thought lost meanwhile, and its texts are forgotten.
    _mine(mail).filter(state=State.SENDING).update(error=why[:500], **later)


def _end(mail: Mail, state: State, error: str = "") -> None:
    """A worker that was thought dead still knows best what became of its mail."""
    forgotten = {} if state == State.SHOWN else _forgotten()
    _mine(mail).update(state=state, state_at=Now(), error=error[:500], **forgotten)


def _mine(mail: Mail) -> QuerySet[Mail]:
    return Mail.objects.filter(pk=mail.pk)


def _forgotten() -> dict[str, str]:
    return {"text": "", "html": ""}
