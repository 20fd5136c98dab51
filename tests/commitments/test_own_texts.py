"""Pam's texts are too long for Spectrum: she gives it shorter ones, Ann sees them, they arrive.

Spectrum is the sandbox's stand-in, called over real HTTP.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import unescape

import pytest
from django.test import Client

from approvals.errors import NotReady
from commitments.models import Commitment
from commitments.workflow import load_commitment
from directory.models import Event
from tests.commitments.test_pages import form_of, lines
from tests.engine.on_spectrum import OnSpectrum, listening, move, spectrum_books
from tests.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)

TITLE = "Cast-in-place concrete and reinforcing steel for the foundations, the slabs on grade and "
TITLE += "the retaining walls of the east wing"
SAID = "Spread footings and grade beams, axes A to F"
CONCRETE = {
    "cost_code": "03-300",
    "category": "Subcontract",
    "description": SAID,
    "amount": "1,200.50",
}
MEMO = ("The soil report of May asks for footings that are deeper by two feet. " * 4).strip()


@pytest.fixture
def spectrum(stage: Stage) -> Iterator[OnSpectrum]:
    company = spectrum_books()
    with listening(company) as address:
        move(stage, address)
        yield OnSpectrum(stage, company, address)
    company.close()


@pytest.fixture
def pam(stage: Stage, client: Client) -> Client:
    client.force_login(stage.pam)
    return client


def own(*texts: str) -> dict[str, list[str]]:
    """The cells of the column for Spectrum, as a browser sends them: the last row is blank."""
    return {"line-erp_description": [*texts, ""]}


def text(response) -> str:
    return unescape(response.content.decode())


def test_pam_is_told_mends_it_in_the_form_and_spectrum_gets_the_short_texts(
    spectrum: OnSpectrum, stage: Stage, pam: Client
) -> None:
    new = f"/projects/{stage.project.pk}/commitments/new/"
    assert 'class="field is-erp_title" hidden' in text(pam.get(new)), "nothing needs it yet"
    typed = form_of(stage, title=TITLE)
    page = text(pam.post(new, {**typed, **lines(CONCRETE), **own("")}, follow=True))
    assert "The title has 125 characters; Spectrum takes 120. Give it a text" in page
    assert "The description of line 1 has 44 characters; Spectrum takes 25. Give it a text" in page

    made = Commitment.objects.get()
    edit = f"{made.get_absolute_url()}edit/"
    form = text(pam.get(edit))
    assert 'class="field is-erp_title" hidden' not in form
    assert 'class="field is-erp_title"' in form
    assert "For Spectrum" in form
    line = {**CONCRETE, "id": str(made.lines.get().pk)}
    typed |= {"version": str(made.export.version), "erp_title": "Concrete of the east wing"}
    pam.post(edit, {**typed, **lines(line), **own("Footings, axes A to F")}, follow=True)
    page = text(pam.get(made.get_absolute_url()))
    assert "Concrete of the east wing" in page
    assert "For the ERP: Footings, axes A to F" in page
    assert "Spectrum takes" not in page

    Commitment.objects.update(status="approved")
    export = stage.send(load_commitment(made.pk))
    ann = Client()
    ann.force_login(stage.ann)
    review = text(ann.get(f"/exports/{export.pk}/"))
    assert "Concrete of the east wing" in review
    assert "Footings, axes A to F" in review
    assert "The whole title, description of line 1 (Spectrum gets a text of its own)" in review
    stage.accept(made)
    spectrum.serve()
    assert stage.status(made) == "synced"
    held = spectrum.company.subcontract("SC-100")
    assert held.comment == "Concrete of the east wing"
    assert [one.description for one in held.phases] == ["Footings, axes A to F"]


def test_all_faults_of_the_short_texts_are_told_at_once_and_nothing_is_saved(
    spectrum: OnSpectrum, stage: Stage, pam: Client
) -> None:
    new = f"/projects/{stage.project.pk}/commitments/new/"
    typed = form_of(stage, title=TITLE, erp_title="x" * 121)
    refused = pam.post(new, {**typed, **lines(CONCRETE, CONCRETE), **own("y" * 26, "z" * 27)})
    assert refused.status_code == 422
    page = text(refused)
    assert "Title for Spectrum: This has 121 characters; 120 are possible." in page
    assert "Line 1, text for the ERP: This has 26 characters; 25 are possible." in page
    assert "Line 2, text for the ERP: This has 27 characters; 25 are possible." in page
    assert "x" * 121 in page, "what was typed stands there still"
    assert not Commitment.objects.exists()


def test_a_change_order_goes_with_its_own_title_and_memo(
    spectrum: OnSpectrum, stage: Stage, pam: Client
) -> None:
    commitment = stage.commitment()
    spectrum.synced(commitment)
    document = stage.change_order(commitment, title="Deeper footings by the soil report of May")
    document.description = MEMO
    document.save()
    with pytest.raises(NotReady) as refused:
        stage.send(document)
    assert [one.where for one in refused.value.problems] == ["title", "description"]

    edit = f"{document.get_absolute_url()}edit/"
    form = pam.get(edit)
    assert "For Spectrum" not in text(form), "lines of change orders have no text there"
    version = str(stage.export(document).version)
    typed = {"version": version, "number": document.number, "title": document.title}
    typed |= {"description": MEMO, "erp_title": "Deeper footings", "erp_description": "Soil: +2 ft"}
    cells = {
        "id": str(document.lines.get().pk),
        "target": "1",
        "cost_code": "03-300",
        "category": "Subcontract",
        "description": "Deeper footings",
        "amount": "1,500.00",
    }
    saved = pam.post(edit, {**typed, **lines(cells)}, follow=True)
    assert "is saved." in text(saved)
    assert "Spectrum takes" not in text(saved)
    document.refresh_from_db()
    assert document.status == "approved", "what was approved is the same"
    told = json.loads(Event.objects.filter(verb="edit").latest("id").body)["data"]["changes"]
    assert told == [
        "Title for the ERP: (empty) → Deeper footings",
        "Description for the ERP: (empty) → Soil: +2 ft",
    ]
    spectrum.synced(document)
    [held] = spectrum.company.subcontract("SC-001").change_orders
    assert (held.description, held.comments) == ("Deeper footings", "Soil: +2 ft")


@pytest.mark.parametrize("heading", ["For Spectrum", "Text for the ERP"])
def test_lines_with_texts_for_spectrum_are_read_from_a_table(
    spectrum: OnSpectrum, stage: Stage, pam: Client, heading: str
) -> None:
    """The first is what the sheet on the screen calls it."""
    new = f"/projects/{stage.project.pk}/commitments/new/"
    table = f"Cost code\tCategory\tDescription\t{heading}\tAmount\n"
    table += f"03-300\tSubcontract\t{SAID}\tFootings A-F\t100.00\n"
    read = pam.post(new, {**form_of(stage), "import": "1", "table-text": table})
    assert 'value="Footings A-F"' in text(read)


def test_quickbooks_gets_no_texts_of_its_own(stage: Stage, pam: Client) -> None:
    new = f"/projects/{stage.project.pk}/commitments/new/"
    assert "for QuickBooks" not in text(pam.get(new))
    assert "erp_title" not in text(pam.get(new))
    typed = form_of(stage, erp_title="Slabs")
    refused = pam.post(new, {**typed, **lines(CONCRETE), **own("Footings")})
    assert refused.status_code == 422
    assert text(refused).count("The company's accounting system takes no text of its own") >= 2
    assert not Commitment.objects.exists()
