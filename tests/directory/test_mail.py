"""Mails go out once: through a real mail server that refuses, breaks off, or is not there."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.db.models.functions import Now
from django.test import Client

from directory import outbox, retention
from directory.letters import write_letters
from directory.models import Event, Mail, Notice, User
from directory.notices import News, notices_of, tell
from directory.tasks import forget
from directory.tasks import mail as mail_task
from tests.directory.conftest import At
from tests.directory.smtp import BREAKS_OFF, MailServer
from tests.stage import Stage


@pytest.fixture
def server(settings) -> Iterator[MailServer]:
    settings.MAIL_DELIVERY = "smtp"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_TIMEOUT = "127.0.0.1", 5
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    with MailServer().running() as server:
        settings.EMAIL_PORT = server.server_address[1]
        yield server


def _post(number: int = 1) -> Mail:
    made = outbox.post("pam@test.example", f"Number {number}", "Read this.", "<p>Read this.</p>")
    assert made is not None
    return made


def _now(mail: Mail) -> Mail:
    mail.refresh_from_db()
    return mail


def test_a_mail_goes_out_once_as_text_and_as_html(db, server: MailServer) -> None:
    mail = _post()
    assert outbox.send_waiting() == 1
    assert outbox.send_waiting() == 0
    [taken] = server.taken
    assert (taken["To"], taken["Subject"]) == ("pam@test.example", "Number 1")
    assert taken["Message-ID"] == f"<{mail.pk}.mail@localhost>"
    bodies = [part.get_content().strip() for part in taken.iter_parts()]
    assert bodies == ["Read this.", "<p>Read this.</p>"]
    assert (_now(mail).state, mail.text, mail.html) == ("sent", "", ""), "it is forgotten here"


def test_what_was_refused_for_now_is_tried_again_later(db, server: MailServer) -> None:
    mail = _post()
    server.answers = {"RCPT": "451 busy, try later"}
    outbox.send_waiting()
    assert (_now(mail).state, mail.tries) == ("waiting", 1)
    assert "busy, try later" in mail.error
    assert outbox.send_waiting() == 0, "not before a minute has passed"
    server.answers = {}
    Mail.objects.update(not_before=Now())
    outbox.send_waiting()
    assert (_now(mail).state, len(server.taken)) == ("sent", 1)


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "."])
def test_what_was_refused_for_good_is_not_repeated(db, server: MailServer, command: str) -> None:
    mail = _post()
    server.answers = {command: "550 no such mailbox"}
    outbox.send_waiting()
    assert (_now(mail).state, server.taken) == ("failed", [])
    assert "no such mailbox" in mail.error


def test_a_server_that_is_not_there_is_tried_until_it_is_given_up(db, settings, server) -> None:
    mail = _post()
    settings.EMAIL_PORT = 9  # nobody listens on `discard`
    for tries in range(1, len(outbox.PAUSES) + 2):
        Mail.objects.update(not_before=Now())
        assert outbox.send_waiting() == 1
        assert _now(mail).tries == tries
    assert mail.state == "failed"
    assert "The mail server cannot be used" in mail.error


def test_a_mail_that_may_have_gone_out_is_never_repeated(db, server: MailServer) -> None:
    """The server has taken it, and its yes is lost."""
    mail = _post()
    server.answers = {".": BREAKS_OFF}
    outbox.send_waiting()
    assert len(server.taken) == 1
    assert (_now(mail).state, mail.error) == ("unsure", outbox.BROKEN)
    server.answers = {}
    Mail.objects.update(not_before=Now())
    assert outbox.send_waiting() == 0
    assert len(server.taken) == 1


def test_a_worker_that_dies_while_sending_leaves_it_unsure(db, server: MailServer) -> None:
    """`sending` was committed before the server was called; nobody picks it up again."""
    mail = _post()
    claimed = outbox._claim()
    assert claimed == mail
    outbox.sweep()
    assert _now(mail).state == "sending", "it may still be at it"
    Mail.objects.update(state_at=Now() - outbox.DIED)
    outbox.sweep()
    assert outbox.send_waiting() == 0
    assert (_now(mail).state, mail.error, mail.text) == ("unsure", outbox.LOST, "")
    # It had only been slow, and knows better.
    outbox._send(claimed)
    assert (_now(mail).state, len(server.taken)) == ("sent", 1)


@pytest.mark.django_db(transaction=True)
def test_four_workers_send_each_mail_once(server: MailServer) -> None:
    for number in range(20):
        _post(number)
    together = threading.Barrier(4)

    def work() -> None:
        together.wait()
        try:
            outbox.send_waiting()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(mail["Subject"] for mail in server.taken) == sorted(
        f"Number {number}" for number in range(20)
    )
    assert set(Mail.objects.values_list("state", "tries")) == {("sent", 1)}


def test_without_a_mail_server_nothing_is_sent_and_old_mail_is_given_up(db, settings) -> None:
    settings.MAIL_DELIVERY = ""
    mail = _post()
    mail_task()
    assert (_now(mail).state, mail.text) == ("waiting", "Read this.")
    Mail.objects.update(made_at=Now() - outbox.TOO_OLD)
    mail_task()
    assert (_now(mail).state, mail.text) == ("failed", "")


# --- Notices -----------------------------------------------------------------------------------


def _tell(stage: Stage, *people: User, title: str = "SC-001 was rejected") -> None:
    news = [News(person.pk, title, "/exports/1/", "Wrong & late <vendor>.") for person in people]
    tell("rejected-commitment", stage.company.pk, news)


def test_at_once_once_a_day_or_never(stage: Stage) -> None:
    User.objects.filter(pk=stage.ann.pk).update(mails=User.Mails.DAILY)
    User.objects.filter(pk=stage.bea.pk).update(mails=User.Mails.OFF)
    _tell(stage, stage.pam, stage.ann, stage.bea)
    assert (write_letters(), write_letters()) == (1, 0)
    mail = Mail.objects.get()
    assert (mail.address, mail.subject) == (
        stage.pam.email,
        "ERP Commitment Rejection Notification",
    )
    assert '"Wrong & late <vendor>."' in mail.text
    assert "Wrong &amp; late &lt;vendor&gt;." in mail.html
    assert "http://localhost:8000/exports/1/" in mail.text
    for person in (stage.pam, stage.ann, stage.bea):
        assert notices_of(person).get().title == "SC-001 was rejected"


def test_many_notices_make_few_letters(stage: Stage) -> None:
    """Five hundred rejected at once are one mail; what follows within a minute is the next."""
    for number in range(30):
        _tell(stage, stage.pam, title=f"SC-{number:03} was rejected")
    assert write_letters() == 1
    _tell(stage, stage.pam, title="One more")
    assert write_letters() == 0
    Mail.objects.update(made_at=Now() - outbox.DIED)
    assert write_letters() == 1
    first, second = Mail.objects.order_by("id")
    assert first.text.count("was rejected") == 30
    assert "One more" in second.text


def test_who_has_left_is_told_nothing(stage: Stage, at: At) -> None:
    _tell(stage, stage.pam)
    stage.pam.memberships.update(is_active=False)
    assert write_letters() == 0
    assert "SC-001 was rejected" not in at(stage.pam).get("/notices/").content.decode()


def test_what_has_a_key_is_told_once(stage: Stage) -> None:
    for _ in range(2):
        tell("silent", stage.company.pk, [News(stage.ann.pk, "Silent", "/", key="silent:1")])
    assert Notice.objects.count() == 1


def test_pam_reads_her_notices_and_chooses_when_she_gets_mail(stage: Stage, at: At) -> None:
    _tell(stage, stage.pam)
    pam = at(stage.pam)
    assert "SC-001 was rejected" in pam.get("/").content.decode()
    assert "New" in pam.get("/notices/").content.decode()
    pam.post("/notices/")
    assert Notice.objects.get().is_read
    assert "SC-001 was rejected" not in pam.get("/").content.decode()
    assert pam.post("/account/", {"mails": "sometimes"}).status_code == 422
    pam.post("/account/", {"mails": "off"})
    assert User.objects.get(pk=stage.pam.pk).mails == "off"


def test_the_operator_sees_that_mails_go_but_not_what_they_say(
    stage: Stage, at: At, settings
) -> None:
    """But where mail is shown instead of being sent, as in the demo."""
    mail, otto = _post(), at(stage.otto)
    settings.MAIL_DELIVERY = ""
    page = otto.get("/operator/mail/").content.decode()
    assert "No mail server is set up" in page
    assert "Read this." not in page
    settings.MAIL_DELIVERY = "page"
    outbox.send_waiting()
    assert _now(mail).state == "shown"
    assert "Read this." in otto.get("/operator/mail/").content.decode()
    html = otto.get(f"/operator/mail/{mail.pk}/")
    assert html.content.decode() == "<p>Read this.</p>"
    assert html["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    )


def test_a_forgotten_password_goes_through_the_outbox(stage: Stage, server: MailServer) -> None:
    stage.pam.set_password("a long password of hers")
    stage.pam.save()
    browser = Client()
    browser.post("/accounts/password/reset/", {"email": "stranger@test.example"})
    assert not Mail.objects.exists(), "nobody writes to strangers"
    browser.post("/accounts/password/reset/", {"email": stage.pam.email})
    mail = Mail.objects.get()
    assert mail.subject == "A new password for ERP Bridge"
    assert mail.text.startswith("Dear Pam,")
    assert "testserver" not in mail.text, "what the request calls us is no name of ours"
    assert "/accounts/password/reset/key/" in mail.text
    outbox.send_waiting()
    [taken] = server.taken
    assert "/accounts/password/reset/key/" in taken.get_content()
    assert Mail.objects.get().text == "", "the link is not kept"


@pytest.mark.parametrize(
    ("delivery", "told"),
    [("smtp", "We send a link to your address."), ("page", "its operator sees yours")],
)
def test_where_the_link_of_a_forgotten_password_goes_is_told(
    db, settings, delivery: str, told: str
) -> None:
    settings.MAIL_DELIVERY = delivery
    page = Client().get("/accounts/password/reset/").content.decode()
    assert told in page
    assert 'name="email"' in page


def test_without_mail_a_forgotten_password_is_helped_by_the_shell(
    stage: Stage, settings, capsys
) -> None:
    settings.MAIL_DELIVERY = ""
    page = Client().get("/accounts/password/reset/").content.decode()
    assert "sends no mail" in page
    assert "./run manage password_link" in page
    assert 'name="email"' not in page, "nothing would come of it"
    call_command("password_link", stage.pam.email.upper())
    link = re.search(r"/accounts/password/reset/key/\S+", capsys.readouterr().out)
    assert link is not None
    browser = Client()
    form = browser.get(link[0])["Location"]
    browser.post(
        form, {"password1": "one more long sentence", "password2": "one more long sentence"}
    )
    stage.pam.refresh_from_db()
    assert stage.pam.check_password("one more long sentence")
    assert Event.objects.filter(verb="password-link", subject=f"user:{stage.pam.pk}").exists()
    with pytest.raises(CommandError, match="Nobody here"):
        call_command("password_link", "nobody@test.example")


def test_an_invitation_is_mailed(stage: Stage, at: At, server: MailServer) -> None:
    """Only who is invited gets the link: who invites cannot become them."""
    path = f"/companies/{stage.company.pk}/directory/people/new/"
    entered = {"name": "Quinn", "email": "quinn@test.example"}
    answer = at(stage.dora).post(path, entered, follow=True).content.decode()
    assert "goes to quinn@test.example" in answer
    assert "/password/reset/key/" not in answer
    outbox.send_waiting()
    [taken] = server.taken
    assert taken["Subject"] == "Dora invites you to Meridian Builders"
    text = next(taken.iter_parts()).get_content()
    link = re.search(r"/accounts/password/reset/key/\S+", text)
    assert link is not None
    assert "password1" in Client().get(link[0], follow=True).content.decode()


def test_old_mails_and_notices_are_forgotten_and_the_others_kept(stage: Stage) -> None:
    told = [News(stage.ann.pk, title, "/") for title in ("Old", "Of this year")]
    tell("failed", stage.company.pk, told)
    Notice.objects.filter(title="Old").update(at=Now() - retention.NOTICES)
    sent, waiting, lately = _post(1), _post(2), _post(3)
    for mail, state in ((sent, "sent"), (waiting, "waiting")):
        Mail.objects.filter(pk=mail.pk).update(state=state, state_at=Now() - retention.MAILS)
    Mail.objects.filter(pk=lately.pk).update(state="sent")
    forget()
    assert [notice.title for notice in notices_of(stage.ann)] == ["Of this year"]
    assert set(Mail.objects.values_list("subject", flat=True)) == {"Number 2", "Number 3"}
    assert retention.forget() == 0
