"""A program attaches what its scanner read, and fetches what was sent."""

import hashlib

from attachments.models import Attachment
from tests.api.conftest import Program
from tests.attachments.files import pdf, png, upload
from tests.stage import Stage


def test_files_are_attached_listed_fetched_and_removed(stage: Stage, program: Program) -> None:
    commitment = stage.commitment()
    pam, address = program(stage.pam), f"exports/{commitment.export_id}/attachments/"
    assert pam.get(address) == {"results": []}
    made = pam.upload(address, [upload("signed.pdf", pdf()), upload("site.png", png())])["results"]
    assert [(one["name"], one["type"], one["size"]) for one in made] == [
        ("signed.pdf", "pdf", len(pdf())),
        ("site.png", "png", len(png())),
    ]
    assert made[0]["sha256"] == hashlib.sha256(pdf()).hexdigest()
    # The same request again, because the answer was lost: nothing is there twice.
    assert pam.upload(address, [upload("signed.pdf", pdf())])["results"] == made

    fetched = pam.client.get(f"/api/v1/{address}{made[0]['id']}/")
    assert fetched.getvalue() == pdf()
    assert fetched["Content-Type"] == "application/pdf"
    assert fetched["Content-Disposition"] == 'attachment; filename="signed.pdf"'

    pam.delete(f"{address}{made[1]['id']}/")
    pam.delete(f"{address}{made[1]['id']}/", 404)
    stage.send(commitment)
    ann = program(stage.ann)
    sent = ann.get(f"exports/{commitment.export_id}/")["copy"]["attachments"]
    assert sent == [made[0]]
    assert pam.delete(f"{address}{made[0]['id']}/", 422)["faults"][0]["text"].startswith("It waits")
    # Dora reads the queue and no document: what the copy names is what she is told.
    assert program(stage.dora).get(address)["results"] == sent


def test_what_is_not_fit_is_told_file_by_file(stage: Stage, program: Program, settings) -> None:
    commitment = stage.commitment()
    pam, address = program(stage.pam), f"exports/{commitment.export_id}/attachments/"
    files = [upload("a.pdf", pdf()), upload("b.pdf", b"MZ"), upload("c.png", png()[:-3])]
    told = pam.upload(address, files, 422)
    assert [fault["text"].split(":")[0] for fault in told["faults"]] == ["b.pdf", "c.png"]
    assert pam.upload(address, [], 422)["faults"][0]["text"] == "Choose at least one file."
    pam.post(address, {"file": "a"}, 415)
    settings.LARGEST_UPLOAD = 100
    assert "60 MB together" in pam.upload(address, [upload("a.pdf", pdf())], 413)["detail"]
    assert not Attachment.objects.exists()
    program(stage.vic).upload(address, [upload("a.pdf", pdf())], 403)
    program(stage.olga).upload(address, [upload("a.pdf", pdf())], 404)
