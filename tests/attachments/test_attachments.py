"""Pam attaches a signed change order and a quote; Ann sees exactly what was sent."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connections, transaction
from django.test import Client

from approvals import attaching, workflow
from approvals.errors import Stale
from approvals.models import Export
from attachments.keeping import attached
from attachments.models import Attachment, Piece
from commitments.models import Commitment
from directory.access import set_level
from directory.history import faults
from directory.models import Event, User
from directory.perms import Level, Tool
from tests.attachments.files import jpeg, pdf, png, upload
from tests.stage import Stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def commitment(stage: Stage) -> Commitment:
    return stage.commitment()


class Person:
    """Somebody at a browser, before one commitment or change order."""

    def __init__(self, user: User, document: Any) -> None:
        self.client = Client()
        self.client.force_login(user)
        self.page = document.get_absolute_url()
        self.address = f"/exports/{document.export_id}/"

    def attach(self, *files: Any) -> str:
        sent = {"file": list(files)} if files else {}
        return self.told(self.client.post(f"{self.address}attachments/", sent, follow=True))

    def remove(self, pk: int) -> str:
        address = f"{self.address}attachments/{pk}/remove/"
        return self.told(self.client.post(address, follow=True))

    def get(self, pk: int, query: str = "") -> Any:
        return self.client.get(f"{self.address}attachments/{pk}/{query}")

    def content(self, pk: int) -> bytes:
        return self.get(pk).getvalue()

    def told(self, answer: Any) -> str:
        text = " ".join(answer.content.decode().split())
        return re.sub(r"&(quot|#x27);", "'", text)

    def sees(self, address: str = "") -> str:
        return self.told(self.client.get(address or self.page))


@pytest.fixture
def pam(stage: Stage, commitment: Commitment) -> Person:
    return Person(stage.pam, commitment)


@pytest.fixture
def ann(stage: Stage, commitment: Commitment) -> Person:
    return Person(stage.ann, commitment)


def version(document: Any) -> int:
    return Export.objects.values_list("version", flat=True).get(pk=document.export_id)


def test_what_was_sent_stands_beside_the_copy_whatever_happens_to_the_document(
    stage: Stage, commitment: Commitment, pam: Person, ann: Person
) -> None:
    # Two at once: a signed subcontract and a photograph.
    page = pam.attach(upload("Signed SC-001.pdf", pdf()), upload("site.PNG", png()))
    assert "Attached: Signed SC-001.pdf, site.PNG." in page
    signed, photo = Attachment.objects.order_by("id")
    assert pam.content(signed.pk) == pdf()
    stage.send(commitment)

    # Ann finds them beside the copy, with their SHA-256, in her company's queue.
    review = ann.sees(ann.address)
    assert "Attachments as they were sent" in review
    assert hashlib.sha256(pdf()).hexdigest() in review
    assert ann.content(signed.pk) == pdf()
    assert "Attachments (2)" in review  # among what QuickBooks has no field for

    # On its way nothing comes or goes.
    assert "Retrieve it from ERP to attach more" in pam.sees()
    assert "Nothing was attached. It waits for accounting" in pam.attach(upload("x.pdf", pdf()))
    assert "It waits for accounting" in pam.remove(photo.pk)
    assert Attachment.objects.filter(removed_at=None).count() == 2

    # Rejected: the photograph goes, a quote comes. Ann still sees what was sent, byte by byte.
    stage.step("reject", commitment, stage.ann, note="The quote is missing.")
    assert "The attachment is removed." in pam.remove(photo.pk)
    pam.attach(upload("Quote.pdf", pdf("Quote")))
    page = pam.sees()
    assert "Attachment site.PNG was removed" in page
    assert "Attachment Quote.pdf is new" in page
    assert ann.content(photo.pk) == png()
    quote = Attachment.objects.get(name="Quote.pdf")
    outside = Person(stage.dora, commitment)  # no tool of the project, but the queue's
    assert outside.get(photo.pk).status_code == 200
    assert outside.get(quote.pk).status_code == 404

    # Sent again, the copy names the two that are there now.
    stage.send(commitment)
    sent = [one.name for one in stage.export(commitment).document.attachments]
    assert sent == ["Signed SC-001.pdf", "Quote.pdf"]
    assert ann.get(photo.pk).status_code == 404
    assert ann.content(quote.pk) == pdf("Quote")
    assert "Attachment Quote.pdf is new" in ann.sees(ann.address)

    told = ann.sees(ann.address)
    assert "<strong>File removed</strong> by Pam" in told
    assert "Quote.pdf (" in told
    assert list(faults(stage.company.pk)) == []


def test_after_export_more_may_come_and_only_that_may_go(
    stage: Stage, commitment: Commitment, pam: Person
) -> None:
    pam.attach(upload("signed.pdf", pdf()))
    stage.synced(commitment)
    pam.attach(upload("stamped.pdf", pdf("Stamped")))
    signed, stamped = Attachment.objects.order_by("id")
    page = pam.sees()
    assert "Changed since it was sent" in page
    assert "Attachment stamped.pdf is new" in page
    assert "It was sent with the document" in pam.remove(signed.pk)
    assert "is removed" in pam.remove(stamped.pk)
    assert list(Attachment.objects.all()) == [signed]  # what was never sent is gone for good
    assert Piece.objects.exclude(attachment=signed).count() == 0


def test_what_came_while_somebody_was_about_to_send_is_seen_first(
    stage: Stage, commitment: Commitment, pam: Person
) -> None:
    before = version(commitment)
    pam.attach(upload("signed.pdf", pdf()))
    answer = pam.client.post(f"{pam.address}send/", {"version": before}, follow=True)
    told = pam.told(answer)
    assert "Files attached by Pam" in told
    assert "signed.pdf (" in told
    assert stage.status(commitment) == "draft"


def test_a_file_is_handed_out_so_that_nothing_in_it_is_carried_out(
    commitment: Commitment, pam: Person
) -> None:
    pam.attach(upload('"a; b=c"\r\n.pdf', pdf()), upload("Größe ✓.jpg", jpeg()))
    first, second = Attachment.objects.order_by("id")
    for found, query in ((first, ""), (first, "?view"), (second, "")):
        answer = pam.get(found.pk, query)
        assert answer["Content-Disposition"].startswith("attachment; ")
    shown = pam.get(second.pk, "?view")
    assert shown["Content-Disposition"].startswith("inline; ")
    assert "filename*=utf-8''Gr%C3%B6%C3%9Fe%20%E2%9C%93.jpg" in shown["Content-Disposition"]
    assert shown["Content-Type"] == "image/jpeg"
    assert pam.get(first.pk)["Content-Type"] == "application/pdf"
    assert shown["X-Content-Type-Options"] == "nosniff"
    assert shown["Content-Security-Policy"].endswith("sandbox")
    assert "script-src" not in shown["Content-Security-Policy"]
    assert int(shown["Content-Length"]) == len(shown.getvalue())


def test_what_is_not_fit_is_refused_each_with_its_reason_and_nothing_is_kept(
    pam: Person, settings
) -> None:
    page = pam.attach(
        upload("good.pdf", pdf()),
        upload("IMG_1.heic", b"\0\0\0\x18ftypheic" + b"\0" * 99),
        upload("quote.pdf", b"<script>alert(1)</script>", "application/pdf"),
        upload("empty.png", b""),
        upload("large.pdf", pdf("x" * (25 * 1024 * 1024))),
    )
    assert "Nothing was attached." in page
    assert "IMG_1.heic: it is a picture in a format that few can open" in page
    assert "quote.pdf: it is not a PDF" in page
    assert "empty.png: it is empty" in page
    assert "large.pdf: it has 25.0 MB; 25.0 MB are possible" in page
    assert not Attachment.objects.exists()
    assert "Choose at least one file" in pam.attach()
    assert "21 files" in pam.attach(*[upload(f"{n}.pdf", pdf()) for n in range(21)])
    settings.ATTACHMENTS_QUOTA = 2000
    assert "Attached" in pam.attach(upload("one.pdf", pdf()))
    full = pam.attach(upload("two.pdf", pdf("y" * 1500)))
    assert "Meridian Builders keeps" in full
    assert "The operator of this installation can give more" in full
    assert Attachment.objects.count() == 1


def test_a_form_that_is_too_large_is_not_even_read(pam: Person, settings) -> None:
    settings.LARGEST_UPLOAD = 1000
    answer = pam.client.post(
        f"{pam.address}attachments/", {"file": upload("a.pdf", pdf("z" * 999))}
    )
    assert answer.status_code == 400
    assert "60 MB together" in answer.content.decode()


def test_names_say_what_is_in_the_file(pam: Person) -> None:
    pam.attach(
        upload("invoice.exe", pdf()),
        upload("../../etc/passwd", png()),
        upload("C:\\plans\\A1.pdf", pdf("A1")),
        upload("image.jpg", jpeg()),
        upload("image.jpg", jpeg(8)),
        upload("image.jpg", jpeg()),  # the first once more
        upload("<b>&quot;.png", png(5)),
        upload("gnp.\u202efdp.png", png(6)),  # shown as gnp.gnp.pdf by some
        upload("n" * 300 + ".pdf", pdf("n")),
    )
    names = list(Attachment.objects.order_by("id").values_list("name", flat=True))
    assert names[:5] == ["invoice.exe.pdf", "passwd.png", "A1.pdf", "image.jpg", "image (2).jpg"]
    assert names[5] == '<b>".png'
    assert names[6] == "gnp.fdp.png"
    assert names[7].endswith("n.pdf")
    assert len(names[7]) == 255
    assert len(names) == 8
    assert "<b>" not in pam.sees()
    assert "were attached already" in pam.attach(upload("invoice.exe", pdf()))


def test_a_large_file_lies_in_pieces_and_comes_back_whole(pam: Person) -> None:
    large = pdf("x" * 3_000_000)  # past what is kept in memory while it arrives
    pam.attach(upload("plans.pdf", large))
    found = Attachment.objects.get()
    assert found.pieces.count() == 12
    assert pam.content(found.pk) == large
    assert found.sha256 == hashlib.sha256(large).hexdigest()


@pytest.mark.parametrize(
    "change",
    [
        lambda: Piece.objects.update(data=b"%PDF-1.4 another"),
        lambda: Attachment.objects.update(sha256="0" * 64),
        lambda: Attachment.objects.update(name="other.pdf"),
        lambda: Attachment.objects.update(subject="export:1"),
    ],
)
def test_what_was_attached_never_changes(pam: Person, change: Callable[[], int]) -> None:
    """Not even by somebody in the shell: what the approver sees is what was sent."""
    pam.attach(upload("signed.pdf", pdf()))
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        change()
    assert pam.content(Attachment.objects.get().pk) == pdf()


def test_who_may(stage: Stage, commitment: Commitment, pam: Person) -> None:
    pam.attach(upload("signed.pdf", pdf()))
    found = Attachment.objects.get()
    statuses = {"Ann": 200, "Vic": 200, "Dora": 404, "Otto": 404, "Olga": 404}
    for name, status in statuses.items():
        person = Person(stage.people[name], commitment)
        assert person.get(found.pk).status_code == status, name
        files = {"file": upload("x.pdf", pdf("x"))}
        posted = person.client.post(f"{person.address}attachments/", files)
        gone = person.client.post(f"{person.address}attachments/{found.pk}/remove/")
        refused = 403 if status == 200 else 404
        assert (posted.status_code, gone.status_code) == (refused, refused), name
    vic = Person(stage.vic, commitment).sees()
    assert "This needs Admin on Commitments" in vic
    assert 'type="file"' not in vic
    assert pam.content(Attachment.objects.get().pk) == pdf()


def test_a_change_orders_files_need_admin_on_commitments_alone(stage: Stage, commitment) -> None:
    membership = stage.pam.memberships.get()
    set_level(membership, Tool.CHANGE_ORDERS, Level.NONE, by=stage.dora, project=stage.project)
    cco = stage.change_order(commitment)
    pam = Person(stage.pam, cco)
    assert "Attached: signed.pdf" in pam.attach(upload("signed.pdf", pdf()))


def test_no_address_leads_to_a_file_of_another_document(
    stage: Stage, commitment: Commitment, pam: Person
) -> None:
    other = stage.commitment(number="SC-002")
    Person(stage.pam, other).attach(upload("secret.pdf", pdf()))
    found = Attachment.objects.get()
    assert pam.get(found.pk).status_code == 404
    assert pam.client.post(f"{pam.address}attachments/{found.pk}/remove/").status_code == 404
    assert pam.get(10**18).status_code == 404
    assert Attachment.objects.get().removed_at is None


def test_a_deleted_document_leaves_what_was_sent_and_nothing_else(
    stage: Stage, commitment: Commitment, pam: Person
) -> None:
    pam.attach(upload("sent.pdf", pdf()))
    stage.send(commitment)
    stage.step("retrieve", commitment, stage.pam)
    pam.attach(upload("later.pdf", pdf("later")))
    for status, name in (("draft", "status"), ("", "delete")):
        sent = {"version": version(commitment), "status": status}
        assert pam.client.post(f"{pam.page}{name}/", sent).status_code == 302
    assert not Commitment.objects.exists()
    kept = Attachment.objects.get()
    assert kept.name == "sent.pdf"
    assert Person(stage.ann, commitment).content(kept.pk) == pdf()
    posted = pam.client.post(f"{pam.address}attachments/", {"file": upload("x.pdf", pdf())})
    assert posted.status_code == 403


def test_the_history_names_each_file_with_its_digest(commitment: Commitment, pam: Person) -> None:
    pam.attach(upload("signed.pdf", pdf()))
    pam.remove(Attachment.objects.get().pk)
    events = Event.objects.filter(subject=f"export:{commitment.export_id}").order_by("id")
    told = {event.verb: event.body for event in events}
    assert list(told) == ["create", "attach-file", "remove-file"]
    for verb in ("attach-file", "remove-file"):
        assert hashlib.sha256(pdf()).hexdigest() in told[verb]
        assert "signed.pdf" in told[verb]


@pytest.mark.django_db(transaction=True)
def test_attached_while_it_is_sent_it_is_in_the_copy_or_refused(stage: Stage) -> None:
    """Never beside a copy that the approver sees without it."""
    for number in range(6):
        document = stage.commitment(number=f"SC-1{number:02}")
        seen = version(document)
        start = Barrier(2)

        def attach(document: Any = document, start: Barrier = start) -> str:
            start.wait(10)
            try:
                attaching.attach(
                    Export.objects.get(pk=document.export_id),
                    [upload("signed.pdf", pdf())],
                    by=stage.access(stage.pam),
                )
            except ValidationError:
                return "refused"
            finally:
                connections.close_all()
            return "attached"

        def send(document: Any = document, start: Barrier = start, seen: int = seen) -> str:
            start.wait(10)
            try:
                workflow.send(document, by=stage.access(stage.pam), version=seen)
            except Stale:
                return "stale"
            finally:
                connections.close_all()
            return "sent"

        with ThreadPoolExecutor(2) as people:
            ended = " ".join(one.result() for one in (people.submit(attach), people.submit(send)))
        subject = document.export.subject
        outcome = (ended, stage.status(document), len(attached([subject])[subject]))
        assert outcome in (("attached stale", "draft", 1), ("refused sent", "sent", 0))
    assert list(faults(stage.company.pk)) == []


@pytest.mark.django_db(transaction=True)
def test_what_a_company_may_keep_is_counted_one_after_the_other(stage: Stage, settings) -> None:
    """Each of these fits alone; together they do not."""
    settings.ATTACHMENTS_QUOTA = 4000
    documents = [stage.commitment(number=f"SC-2{n:02}") for n in range(6)]
    start = Barrier(len(documents))

    def attach(document: Any) -> str:
        start.wait(10)
        try:
            attaching.attach(
                Export.objects.get(pk=document.export_id),
                [upload("signed.pdf", pdf("y" * 1500))],
                by=stage.access(stage.pam),
            )
        except ValidationError:
            return "refused"
        finally:
            connections.close_all()
        return "attached"

    with ThreadPoolExecutor(len(documents)) as people:
        ended = sorted(people.map(attach, documents))
    assert ended == ["attached", *["refused"] * 5]
    assert list(faults(stage.company.pk)) == []
