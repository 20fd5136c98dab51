"""Pam keeps photographs and quotes with a change event."""

from __future__ import annotations

import pytest
from django.test import Client

from approvals.history_texts import history_of
from attachments.models import Attachment
from change_events.workflow import delete_event, load_event, set_event_status
from directory.history import faults
from tests.attachments.files import pdf, png, upload
from tests.change_events.conftest import event
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def test_pam_attaches_a_photograph_and_takes_it_off(stage: Stage, client: Client) -> None:
    found = event(stage)
    client.force_login(stage.pam)
    address = f"{found.get_absolute_url()}attachments/"
    files = {"file": [upload("wall.png", png()), upload("quote.pdf", pdf())]}
    page = client.post(address, files, follow=True).content.decode()
    assert "Attached: wall.png, quote.pdf." in page
    photo, quote = Attachment.objects.order_by("id")
    assert f'href="{address}{photo.pk}/?view"' in page
    assert client.get(f"{address}{photo.pk}/").getvalue() == png()
    page = client.post(f"{address}{quote.pk}/remove/", follow=True).content.decode()
    assert "The attachment is removed." in page
    assert client.get(f"{address}{quote.pk}/").status_code == 404
    now = load_event(found.pk)
    assert now.version == found.version + 2, "whoever saves has seen them"
    removed, came = history_of(now)[:2]
    assert (removed.what, came.what) == ("File removed", "Files attached")
    assert [one.partition(" (")[0] for one in came.changes] == ["wall.png", "quote.pdf"]
    assert list(faults(stage.company.pk)) == []


def test_what_is_not_fit_is_refused_and_nothing_is_kept(stage: Stage, client: Client) -> None:
    found = event(stage)
    client.force_login(stage.pam)
    address = f"{found.get_absolute_url()}attachments/"
    files = {"file": [upload("wall.png", png()), upload("quote.pdf", b"<html>")]}
    page = client.post(address, files, follow=True).content.decode()
    assert "Nothing was attached. quote.pdf: it is not a PDF" in page
    assert not Attachment.objects.exists()


def test_a_closed_change_event_keeps_what_it_has(stage: Stage, client: Client) -> None:
    found = event(stage)
    client.force_login(stage.pam)
    address = f"{found.get_absolute_url()}attachments/"
    client.post(address, {"file": [upload("quote.pdf", pdf())]})
    now = load_event(found.pk)
    set_event_status(now, by=stage.access(stage.pam), version=now.version, status="closed")
    [file] = Attachment.objects.all()
    for path in (address, f"{address}{file.pk}/remove/"):
        page = client.post(path, {"file": [upload("b.pdf", pdf("b"))]}, follow=True)
        assert "It is Closed. Open it again to change it." in page.content.decode()
    assert client.get(f"{address}{file.pk}/").status_code == 200


def test_its_files_go_with_it(stage: Stage, client: Client) -> None:
    found, other = event(stage), event(stage)
    client.force_login(stage.pam)
    address = f"{found.get_absolute_url()}attachments/"
    client.post(address, {"file": [upload("quote.pdf", pdf())]})
    [file] = Attachment.objects.all()
    beside = f"{other.get_absolute_url()}attachments/{file.pk}/"
    assert client.get(beside).status_code == 404, "another change event's file"
    now = load_event(found.pk)
    delete_event(now, by=stage.access(stage.pam), version=now.version)
    assert not Attachment.objects.exists()


def test_programs_attach_too(stage: Stage, client: Client) -> None:
    found = event(stage)
    client.force_login(stage.pam)
    address = f"/api/v1/change-events/{found.pk}/attachments/"
    answer = client.post(address, {"file": [upload("quote.pdf", pdf())]})
    assert answer.status_code == 201
    [file] = client.get(address).json()["results"]
    assert (file["name"], file["type"]) == ("quote.pdf", "pdf")
    assert client.get(f"{address}{file['id']}/").getvalue() == pdf()
    assert client.delete(f"{address}{file['id']}/").status_code == 204
    assert client.get(address).json()["results"] == []
