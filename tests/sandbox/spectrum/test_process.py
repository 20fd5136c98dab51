"""The process: its services over HTTP, its page, its faults, and what outlives it."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytds
import pytest

from tests.sandbox.spectrum.asking import AUTHORIZATION, envelope

ROOT = Path(__file__).parents[3]
SEED = {
    "code": "HBR",
    "name": "Harbor <Construction>",
    "authorizations": [AUTHORIZATION],
    "info_link": ["reader", "may only read"],
    "vendors": [["MOOR", "Mooring Electric"]],
    "jobs": [["H101", "Pier 4 Office Refit", "PORT"]],
    "phases": [["H101", "26050", "L", "Basic electrical work"]],
}
HEADER = {
    "Vendor_Code": "MOOR",
    "Subcontract_Number": "SC-1",
    "Job_Number": "H101",
    "GL_Account": "5000100",
    "Comment": "Wires & <pipes>",
}


class Process:
    def __init__(self, state: Path) -> None:
        (state / "seed.json").write_text(json.dumps(SEED))
        command = [sys.executable, "-m", "sandbox.spectrum", "--state", str(state)]
        command += ["--seed", str(state / "seed.json"), "--port", "0", "--control-port", "0"]
        command += ["--info-link-port", "0"]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self.services = self.wait_for("not Spectrum").split()[-1]
        self.address = self.wait_for("its faults").split()[-1]
        self.info_link = self.wait_for("Info-Link").split()[-1]

    def wait_for(self, text: str) -> str:
        assert self.process.stdout is not None
        for said in self.process.stdout:
            if text in said:
                return said
        raise AssertionError(f"It ended without saying {text!r}.")

    def send(self, service: str, **values: str) -> bytes:
        address = f"{self.services}/ws/{service}"
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": address}
        with urlopen(Request(address, envelope(service, **values), headers)) as answer:
            return answer.read()

    def get(self, path: str) -> Any:
        with urlopen(self.address + path) as answer:
            text = answer.read().decode()
        return text if path == "" else json.loads(text)

    def post(self, path: str, values: dict[str, Any] | None = None, **headers: str) -> Any:
        content = json.dumps(values or {}).encode()
        asked = {"Content-Type": "application/json", **headers}
        with urlopen(Request(self.address + path, content, asked)) as answer:
            return json.loads(answer.read())


@pytest.fixture
def run(tmp_path):
    """Starts the process on the test's folder; none is left running."""
    started: list[Process] = []

    def start() -> Process:
        started.append(Process(tmp_path))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.communicate()


@pytest.fixture
def spectrum(run) -> Process:
    return run()


def test_it_answers_shows_what_it_holds_and_stops_when_told(spectrum, tmp_path) -> None:
    assert b"<response>" not in spectrum.send("UpdateSubcontract", **HEADER)
    [made] = spectrum.get("subcontracts")
    assert (made["number"], made["job"], made["total"]) == ("SC-1", "H101", "0")
    page = spectrum.get("")
    assert "This is a stand-in, not Spectrum." in page
    assert "Harbor &lt;Construction&gt;" in page
    assert "Wires &amp; &lt;pipes&gt;" in page
    assert page.count(AUTHORIZATION) == 1, "where it says who is let in, and in no call"
    assert (tmp_path / "control.url").read_text().strip() == spectrum.address
    spectrum.process.send_signal(signal.SIGTERM)
    rest, _ = spectrum.process.communicate(timeout=20)
    assert spectrum.process.returncode == 0
    assert "has stopped" in rest


def test_its_info_link_is_asked_by_a_driver_of_sql_server(spectrum) -> None:
    spectrum.send("UpdateSubcontract", **HEADER)
    host, port = spectrum.info_link.removeprefix("sql+plain://").split(":")
    who = {"user": "reader", "password": "may only read", "database": "Spectrum"}
    with pytds.connect(host, port=int(port), **who) as line, line.cursor() as cursor:
        cursor.execute("SELECT Subcontract_Number, Comment FROM VN_SUBCONTRACT_MC")
        assert cursor.fetchall() == [("SC-1", "Wires & <pipes>")]
        cursor.execute("SELECT Vendor_Code FROM VN_SUBCONTRACT_MC WHERE Job_Number = %s", ("X",))
        assert cursor.fetchall() == []
        with pytest.raises(pytds.ProgrammingError, match="Invalid object name 'VN'"):
            cursor.execute("SELECT 1 FROM VN")
    with pytest.raises(pytds.OperationalError, match="Login failed for user 'reader'"):
        pytds.connect(host, port=int(port), **(who | {"password": "guessed"}))
    assert [each["service"] for each in spectrum.get("calls")].count("Info-Link") == 3
    assert "SELECT Vendor_Code" in spectrum.get("")


def test_its_page_tells_how_to_be_let_in(spectrum) -> None:
    page = spectrum.get("")
    assert f"knows the Authorization ID <code>{AUTHORIZATION}</code>" in page
    assert spectrum.info_link in page
    assert "<code>reader</code> with the password <code>may only read</code>" in page
    assert "demo-client" not in page
    spectrum.post("client", {"on": "true"})
    secret = re.findall(r"client secret <code>([^<]+)</code>", spectrum.get(""))
    assert len(secret) == 1
    asked = {"grant_type": "client_credentials", "scope": "spectrumapi"}
    asked |= {"client_id": "demo-client", "client_secret": secret[0]}
    with urlopen(Request(f"{spectrum.services}/connect/token", urlencode(asked).encode())) as token:
        assert "access_token" in json.loads(token.read())
    with pytest.raises(HTTPError, match="401"):
        spectrum.send("UpdateSubcontract", **HEADER)
    spectrum.post("client", {"on": "false"})
    spectrum.send("UpdateSubcontract", **HEADER)
    assert "demo-client" not in spectrum.get("")


def test_what_it_holds_outlives_a_process_that_is_killed(spectrum, run) -> None:
    spectrum.send("UpdateSubcontract", **HEADER)
    spectrum.process.kill()
    spectrum.process.wait()
    again = run()
    assert again.get("subcontracts")[0]["number"] == "SC-1"
    assert [each["what"] for each in again.get("effects")] == ["made"]
    assert len(again.get("calls")) == 1


def test_a_lost_answer_is_a_line_that_is_reset(spectrum) -> None:
    spectrum.post("faults", {"kind": "answer_lost", "service": "UpdateSubcontract"})
    assert spectrum.get("faults")["waiting"][0]["kind"] == "answer_lost"
    with pytest.raises(OSError, match="reset"):
        spectrum.send("UpdateSubcontract", **HEADER)
    assert len(spectrum.get("subcontracts")) == 1
    assert spectrum.get("faults")["waiting"] == []


def test_what_was_delayed_is_done_when_told(spectrum) -> None:
    spectrum.post("faults", {"kind": "applied_late", "seconds": 3000})
    with pytest.raises(OSError, match="reset"):
        spectrum.send("UpdateSubcontract", **HEADER)
    assert spectrum.get("subcontracts") == []
    spectrum.post("late")
    assert len(spectrum.get("subcontracts")) == 1


def test_the_accountant_changes_things_by_hand(spectrum) -> None:
    spectrum.send("UpdateSubcontract", **HEADER)
    spectrum.post("costs/H101/26050/L", {"cost": "12.50"})
    spectrum.post("status/phase/H101/26050/L", {"status": "C"})
    spectrum.post("settings", {"repeats_double": "true"})
    [phase] = spectrum.get("phases")
    assert (phase["cost"], phase["status"]) == ("12.50", "C")
    assert "Basic electrical work<td>complete" in spectrum.get("")
    spectrum.post("subcontracts/MOOR/SC-1/delete")
    assert spectrum.get("subcontracts") == []
    for path, values, status in (
        ("subcontracts/MOOR/SC-1/delete", {}, 404),
        ("costs/H101/26050/L", {"cost": "much"}, 400),
        ("status/vendor/MOOR", {"status": "X"}, 400),
        ("settings", {"row_cap": "5"}, 400),
        ("settings", {"colour": "true"}, 400),
        ("faults", {"kind": "explode"}, 400),
    ):
        with pytest.raises(HTTPError) as refused:
            spectrum.post(path, values)
        with refused.value as answer:
            assert answer.code == status, path


def test_a_button_of_the_page_leads_back_to_it(spectrum) -> None:
    with urlopen(Request(spectrum.address + "faults", b"kind=cut&seconds=10")) as answer:
        assert answer.url == spectrum.address
        assert "next call of writes, 1 times" in answer.read().decode()


@pytest.mark.parametrize("header", [{"Origin": "https://elsewhere.example"}, {"Host": "evil.test"}])
def test_no_website_reaches_the_page_through_the_browser(spectrum, header) -> None:
    with pytest.raises(HTTPError, match="403"):
        spectrum.post("faults", {"kind": "cut"}, **header)
    assert spectrum.get("faults")["waiting"] == []
