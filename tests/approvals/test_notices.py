"""Who is told of what: rejected, sent again, failed, unlinked; and the daily summary."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from approvals.alerts import send_alerts, without_a_decider
from approvals.models import Export, FirstApproval
from approvals.summary import write_summaries
from approvals.workflow import Item, take_all
from connectors.models import Connection
from directory.access import set_level
from directory.letters import write_letters
from directory.models import Mail, Membership, Notice, User
from directory.perms import Level, Tool
from directory.privilege import ask_push, grant_push, refuse_push, revoke_push
from erpbridge.celery import app
from tests.stage import Stage

NOW = datetime(2026, 3, 2, 6, 5, tzinfo=UTC)


def _told(kind: str) -> set[str]:
    return set(Notice.objects.filter(kind=kind).values_list("user__name", flat=True))


def test_a_rejection_tells_the_sender_and_the_creator(stage: Stage) -> None:
    """Pam made it, Quinn sent it."""
    quinn = User.objects.create_user("quinn@test.example", "Quinn")
    stage.people["Quinn"] = quinn
    membership = Membership.objects.create(user=quinn, company=stage.company)
    set_level(membership, Tool.COMMITMENTS, Level.ADMIN, by=stage.dora, project=stage.project)
    commitment = stage.commitment()
    stage.send(commitment, by=quinn)
    stage.step("reject", commitment, stage.ann, "The vendor is wrong.")
    assert _told("rejected-commitment") == {"Pam", "Quinn"}
    notice = Notice.objects.filter(user=stage.pam).get()
    assert notice.title == "Commitment SC-001, Structural concrete, 35,000.00"
    assert (notice.text, notice.path) == (
        "The vendor is wrong.",
        f"/exports/{commitment.export_id}/",
    )
    write_letters()
    assert {mail.subject for mail in Mail.objects.all()} == {
        "ERP Commitment Rejection Notification"
    }


def test_a_change_order_is_called_by_its_name(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.synced(commitment)
    change_order = stage.change_order(commitment)
    stage.send(change_order)
    stage.step("reject", change_order, stage.ann, "Twice the rebar.")
    write_letters()
    mail = Mail.objects.get()
    assert mail.subject == "ERP CCO Rejection Notification"
    assert "CCO 001 of SC-001, Deeper footings, 1,500.00" in mail.text
    assert '"Twice the rebar."' in mail.text


def test_what_comes_again_tells_who_rejected_it(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    assert not Notice.objects.exists(), "the first time it is one of many"
    stage.step("reject", commitment, stage.ann, "Wrong.")
    stage.send(commitment)
    assert _told("resent") == {"Ann"}


def test_what_failed_tells_the_sender_and_who_accepted(stage: Stage) -> None:
    commitment = stage.commitment()
    stage.send(commitment)
    stage.accept(commitment)
    stage.vendor.erp_id = "80000099-1467312345"  # linked elsewhere since it was accepted
    stage.vendor.save()
    stage.visit()
    assert stage.status(commitment) == "failed"
    assert _told("failed") == {"Pam", "Ann"}
    assert "Nothing was sent" in Notice.objects.filter(user=stage.ann).get().text


def test_the_answer_to_an_unlink_goes_to_who_asked(stage: Stage) -> None:
    set_level(
        Membership.objects.get(user=stage.ann),
        Tool.COMMITMENTS,
        Level.ADMIN,
        by=stage.dora,
        project=stage.project,
    )
    commitment = stage.commitment()
    stage.synced(commitment)
    stage.step("unlink", commitment, stage.ann)
    stage.visit()
    assert _told("unlinked") == {"Ann"}
    assert "is still in QuickBooks" in Notice.objects.get().text


def test_nobody_is_told_what_they_may_not_read(stage: Stage) -> None:
    """Pam lost her level on the project after she had sent it."""
    commitment = stage.commitment()
    stage.send(commitment)
    for tool in (Tool.COMMITMENTS, Tool.CHANGE_ORDERS):
        pams = Membership.objects.get(user=stage.pam)
        set_level(pams, tool, Level.NONE, by=stage.dora, project=stage.project)
    stage.step("reject", commitment, stage.ann, "Wrong.")
    assert not Notice.objects.exists()


def test_a_bulk_rejection_asks_the_same_number_of_queries(stage: Stage) -> None:
    sent = [stage.send(stage.commitment(number=f"SC-{n:03}")) for n in range(12)]
    by, counts = stage.access(stage.ann), []
    for some in (sent[:1], sent[1:]):
        with CaptureQueriesContext(connection) as asked:
            take_all("reject", [Item(one.pk, one.version) for one in some], by=by, note="No.")
        counts.append(len(asked))
    assert counts[0] == counts[1]
    assert Notice.objects.count() == 12


# --- Once a day --------------------------------------------------------------------------------


def test_the_daily_summary_comes_once_while_something_waits(stage: Stage) -> None:
    assert write_summaries(NOW) == 0
    for number in ("SC-001", "SC-002"):
        stage.send(stage.commitment(number=number))
    User.objects.filter(pk=stage.bea.pk).update(mails=User.Mails.OFF)
    assert (write_summaries(NOW), write_summaries(NOW + timedelta(hours=1))) == (1, 0)
    mail = Mail.objects.get()
    assert (mail.address, mail.subject) == (stage.ann.email, "ERP Integrations Daily Summary")
    assert "Commitments: 2 ready to export" in mail.text
    assert "waiting for just now" not in mail.text
    assert f"http://localhost:8000/companies/{stage.company.pk}/erp/commitments/" in mail.text
    assert write_summaries(NOW + timedelta(days=1)) == 1


def test_who_wants_it_daily_gets_notices_in_the_summary(stage: Stage) -> None:
    User.objects.filter(pk=stage.pam.pk).update(mails=User.Mails.DAILY)
    commitment = stage.commitment()
    stage.send(commitment)
    stage.step("reject", commitment, stage.ann, "The vendor is wrong.")
    assert write_letters() == 0
    assert write_summaries(NOW) == 1
    assert '"The vendor is wrong."' in Mail.objects.get().text
    assert write_summaries(NOW + timedelta(days=1)) == 0


def test_administrators_are_told_when_nobody_may_decide(stage: Stage) -> None:
    export = stage.send(stage.commitment())
    send_alerts()
    assert not Notice.objects.exists()
    bea = Membership.objects.get(user=stage.bea)
    revoke_push(bea, by=stage.otto)
    # Ann is left; her own items wait for nobody.
    Export.objects.filter(pk=export.pk).update(sent_by=stage.ann)
    assert without_a_decider(stage.company) == 1
    revoke_push(Membership.objects.get(user=stage.ann), by=stage.otto)
    for _ in range(2):
        send_alerts()
    assert _told("nobody-decides") == {"Dora"}
    assert Notice.objects.get().title == "1 item waits at Meridian Builders, and nobody may decide"
    grant_push(bea, by=stage.otto)
    assert without_a_decider(stage.company) == 0


def test_the_others_are_told_what_has_long_waited_for_a_second_approver(stage: Stage) -> None:
    stage.company.second_approver_from = Decimal("20000.00")
    stage.company.save()
    export = stage.send(stage.commitment())
    take_all("accept", [Item(export.pk, export.version)], by=stage.access(stage.ann))
    send_alerts()
    assert not Notice.objects.exists(), "it was said just now"
    FirstApproval.objects.update(at=Now() - timedelta(hours=25))
    for _ in range(2):
        send_alerts()
    notice = Notice.objects.get()
    assert (notice.kind, notice.user) == ("second-missing", stage.bea)
    assert notice.title == "Commitment SC-001, Structural concrete, 35,000.00"
    assert notice.text == "Ann has approved it; a second approver is missing."
    take_all("accept", [Item(export.pk, export.version)], by=stage.access(stage.bea))
    Notice.objects.all().delete()
    send_alerts()
    assert not Notice.objects.exists()


def test_a_limit_that_was_raised_since_leaves_nothing_to_wait_for(stage: Stage) -> None:
    """What Ann has approved is below it now: anybody may accept it, she as well."""
    stage.company.second_approver_from = Decimal("20000.00")
    stage.company.save()
    sent, found = stage.send(stage.commitment()), stage.commitment(number="SC-002").export
    take_all("accept", [Item(sent.pk, sent.version)], by=stage.access(stage.ann))
    FirstApproval.objects.create(
        export=found, version=found.version, step="adopt", by=stage.ann, at=Now()
    )
    FirstApproval.objects.update(at=Now() - timedelta(hours=25))
    stage.company.second_approver_from = Decimal("35000.01")
    stage.company.save()
    send_alerts()
    assert not Notice.objects.exists()
    stage.company.second_approver_from = Decimal("35000.00")
    stage.company.save()
    send_alerts()
    assert {one.path for one in Notice.objects.all()} == {
        f"/exports/{export.pk}/" for export in (sent, found)
    }


def test_a_silence_is_told_once(stage: Stage) -> None:
    Connection.objects.update(last_seen_at=Now() - timedelta(days=2))
    for _ in range(2):
        send_alerts()
    assert _told("silent") == {"Ann", "Bea", "Dora"}
    Connection.objects.update(last_seen_at=Now() - timedelta(hours=25))
    send_alerts()
    assert Notice.objects.filter(user=stage.ann).count() == 2, "it called, and fell silent again"


def test_the_workers_tasks_do_it(stage: Stage, settings) -> None:
    """As the clock rings them: what stands still, the summaries, and the letters of both."""
    stage.send(stage.commitment())
    for person in (stage.ann, stage.bea):
        revoke_push(Membership.objects.get(user=person), by=stage.otto)
    app.loader.import_default_modules()
    for name in ("unlink", "summary", "mail"):
        app.tasks[settings.CELERY_BEAT_SCHEDULE[name]["task"]]()
    assert [mail.subject for mail in Mail.objects.all()] == ["ERP Items Wait Without an Approver"]


def test_requests_for_the_privilege_are_told(stage: Stage) -> None:
    vic, dora = Membership.objects.get(user=stage.vic), stage.access(stage.dora)
    asked = ask_push(vic, "Month end.", by=dora)
    assert _told("privilege-asked") == {"Otto"}
    refuse_push(asked, "Bea is there.", by=stage.otto)
    ask_push(vic, "Bea is away.", by=dora)
    grant_push(vic, by=stage.otto)
    assert list(
        Notice.objects.filter(user=stage.dora).order_by("id").values_list("title", "text")
    ) == [
        ("Otto refused 'Can Push to Accounting' for Vic", "Bea is there."),
        ("Otto granted 'Can Push to Accounting' to Vic", ""),
    ]
