"""The demo process: it waits for its configuration, polls, shows what it holds, and stops."""

import json
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from sandbox.quickbooks import CompanyFile
from tests.sandbox.orders import add, line
from tests.sandbox.qbxml import message_set
from tests.sandbox.server import PASSWORD, USER, Server, start

ROOT = Path(__file__).parents[2]
OWNER = "{57F3B9B6-86F1-4FCC-B1FF-966DE1813D20}"
FILE = "{0A1B2C3D-0000-4444-8888-123456789ABC}"
SEED = {
    "vendors": ["Ironwood Concrete"],
    "customers": [{"name": "City of Alder", "jobs": ["Riverside Library"]}],
    "items": [{"name": "03-300"}],
}


@pytest.fixture
def server():
    made = Server()
    http = start(made)
    yield made
    http.shutdown()
    http.server_close()


class Demo:
    """The process, with what it says line by line and its page's address."""

    def __init__(self, *arguments: str | Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sandbox.quickbooks", *map(str, arguments)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.address = ""

    def wait_for(self, text: str) -> str:
        """The next line that holds `text`; fails when the process ends before."""
        assert self.process.stdout is not None
        for said in self.process.stdout:
            if "its faults: " in said:
                self.address = said.split()[-1]
            if text in said:
                return said
        raise AssertionError(f"It ended without saying {text!r}.")

    def get(self, path: str):
        with urlopen(self.address + path) as answer:
            text = answer.read().decode()
        return text if path == "" else json.loads(text)

    def post(self, path: str, values: dict[str, Any] | None = None, **headers: str):
        request = Request(
            self.address + path,
            json.dumps(values or {}).encode(),
            {"Content-Type": "application/json", **headers},
        )
        with urlopen(request) as answer:
            return json.loads(answer.read())


@pytest.fixture
def run():
    """Starts the process with the given arguments; whatever happens, none is left running."""
    started: list[Demo] = []

    def run_process(*arguments: str | Path) -> Demo:
        started.append(Demo(*arguments))
        return started[-1]

    yield run_process
    for each in started:
        each.process.kill()
        each.process.communicate()


@pytest.fixture
def demo(tmp_path, server, run):
    """A demo that polls only when it is told to (or once an hour)."""
    write_config(tmp_path, server.url)
    made = run(tmp_path)
    made.wait_for("polls")
    made.post("sync")  # so that the first poll of its own is over
    return made


def write_config(folder: Path, url: str, **more: object) -> None:
    (folder / "seed.json").write_text(json.dumps(SEED))
    config = {
        "qwc": {"url": url, "user": USER, "owner_id": OWNER, "file_id": FILE},
        "password": PASSWORD,
        "company_file": "meridian.qbw",
        "company_name": "Meridian Builders",
        "seed": "seed.json",
        "every": 3600,
        "port": 0,
        **more,
    }
    written = folder / "sandbox.json.new"
    written.write_text(json.dumps(config))
    written.rename(folder / "sandbox.json")


def test_it_waits_for_its_configuration_polls_and_stops_when_told(tmp_path, server, run):
    demo = run(tmp_path)
    demo.wait_for("Waiting for")
    server.requests = [message_set(add(line(amount="60000.00")))]

    write_config(tmp_path, server.url)
    demo.wait_for("not QuickBooks")
    said = demo.wait_for("done")

    assert "1 to QuickBooks, 1 of them writing" in said
    demo.process.send_signal(signal.SIGTERM)
    rest, _ = demo.process.communicate(timeout=20)
    assert demo.process.returncode == 0
    assert "has stopped" in rest
    assert CompanyFile(tmp_path / "meridian.qbw").purchase_order("PO-1").total == 60000


def test_the_page_shows_what_it_holds_and_says_what_it_is(demo, server):
    server.requests = [message_set(add(line(Desc="Footings &lt;b&gt;")))]

    session = demo.post("sync")

    assert session["outcome"] == "done"
    page = demo.get("")
    assert "This is a stand-in, not QuickBooks." in page
    assert "PO-1 · Ironwood Concrete · 100.00" in page
    assert "Footings &lt;b&gt;" in page
    (order,) = demo.get("orders")
    assert order["lines"][0]["customer"] == "City of Alder:Riverside Library"
    assert order["total"] == "100.00"


def test_the_log_tells_the_sessions_without_secrets(demo, server):
    server.requests = [message_set(add(line(), vendor="Nobody"))]
    demo.post("sync")

    (session,) = demo.get("log")

    assert session["calls"][-2:] == ["receiveResponseXML", "closeConnection"]
    assert "PurchaseOrderAddRq" in session["requests"][0]["request"]
    assert session["refusals"][0].startswith("3140: ")
    assert PASSWORD not in json.dumps(session)
    assert "{ticket-1}" not in json.dumps(session)


def test_faults_are_switched_on_for_the_next_session(demo, server):
    assert demo.post("faults", {"lose_answer": 1})["lose_answer"] == 1
    server.requests = [message_set(add(line()))]

    assert demo.post("sync")["outcome"] == "lost"
    assert demo.get("faults")["lose_answer"] == 0
    with pytest.raises(HTTPError, match="400"):
        demo.post("faults", {"explode": 1})


def test_the_bookkeeper_edits_deletes_and_sets_preferences(demo, server):
    server.requests = [message_set(add(line()))]
    demo.post("sync")
    (order,) = demo.get("orders")

    demo.post(f"orders/{order['txn_id']}/edit", {"Memo": "mine"})
    assert demo.get("orders")[0]["memo"] == "mine"
    demo.post(f"orders/{order['txn_id']}/delete")
    assert demo.get("orders") == []
    demo.post("preferences", {"IsUsingEstimates": "false"})
    assert "estimates: off" in demo.get("")
    with pytest.raises(HTTPError, match="404"):
        demo.post(f"orders/{order['txn_id']}/delete")


def test_the_bookkeeper_changes_lines_and_enters_bills(demo, server):
    server.requests = [message_set(add(line(), line(amount="5.00")))]
    demo.post("sync")
    (order,) = demo.get("orders")
    first, second = (each["txn_line_id"] for each in order["lines"])

    demo.post(f"lines/{order['txn_id']}/{first}", {"amount": "150.00", "desc": "Mine"})
    demo.post(f"lines/{order['txn_id']}/{second}/delete")
    (changed,) = demo.get("orders")[0]["lines"]
    assert (changed["amount"], changed["desc"]) == ("150.00", "Mine")
    job = "City of Alder:Riverside Library"
    demo.post("bills", {"job": job, "item": "03-300", "amount": "900.50"})
    (bill,) = demo.get("bills")
    assert (bill["total"], bill["lines"][0]["customer"]) == ("900.50", job)
    assert "Bills (1)" in demo.get("")
    with pytest.raises(HTTPError, match="400"):
        demo.post("bills", {"job": job, "item": "03-300", "amount": "much"})
    with pytest.raises(HTTPError, match="404"):
        demo.post("bills", {"job": "Nowhere", "item": "03-300", "amount": "1"})


def test_the_bookkeeper_keeps_the_lists(demo, server):
    page = demo.get("")
    assert "Make inactive" in page
    assert "the Web Connector's user may not see everything: off" in page.replace("&#x27;", "'")
    demo.post("items", {"name": "Labor", "parent": "03-300"})
    demo.post("classes", {"name": "Labor", "parent": ""})
    page = demo.get("")
    assert "03-300:Labor" in page
    assert "Classes (1)" in page
    vendor = re.search(
        r"Ironwood Concrete<td><td><form method=post action='/(entries/[^']+)'", page
    )
    assert vendor is not None
    demo.post(vendor[1], {"active": "false"})
    assert "Ironwood Concrete<td>inactive" in demo.get("")
    demo.post(f"{vendor[1]}/delete")
    assert "Ironwood Concrete" not in demo.get("")
    for path, values in (
        ("items", {"name": "Labor", "parent": "03-300"}),  # there is one
        ("classes", {"name": ""}),
        ("items", {"name": "A", "parent": "99"}),
    ):
        with pytest.raises(HTTPError) as refused:
            demo.post(path, values)
        with refused.value as answer:
            assert answer.code == 400


def test_a_button_of_the_page_leads_back_to_it(demo):
    with urlopen(Request(demo.address + "faults", b"delay=0&stopped=true")) as answer:
        assert answer.url == demo.address
        assert "does not poll" in answer.read().decode()


@pytest.mark.parametrize("header", [{"Origin": "https://elsewhere.example"}, {"Host": "evil.test"}])
def test_no_website_reaches_it_through_the_browser(demo, header):
    with pytest.raises(HTTPError, match="403"):
        demo.post("faults", {"stopped": True}, **header)

    assert demo.get("faults")["stopped"] is False


def test_a_configuration_written_again_is_read_again(demo, server, tmp_path):
    write_config(tmp_path, server.url, every=1800)

    demo.post("sync")

    demo.wait_for("was written again")
    assert "every 1800 s" in demo.wait_for("polls")
    assert demo.get("orders") == []


def test_a_configuration_that_does_not_hold_is_told_and_waited_for(tmp_path, server, run):
    (tmp_path / "sandbox.json").write_text('{"password": "secret"}')
    demo = run(tmp_path)

    said = demo.wait_for("cannot be used")

    assert "qwc" in said
    assert "secret" not in said
    write_config(tmp_path, server.url)
    demo.wait_for("polls")
    demo.process.terminate()
    assert demo.process.wait(20) == 0


def test_it_runs_from_the_command_line_alone(tmp_path, server, run):
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    (tmp_path / "seed.json").write_text(json.dumps(SEED))
    (tmp_path / "bridge.qwc").write_text(
        f"<QBWCXML><AppName>Bridge</AppName><AppID/><AppURL>{server.url}</AppURL>"
        f"<AppDescription>x</AppDescription><AppSupport>{server.url}</AppSupport>"
        f"<UserName>{USER}</UserName><OwnerID>{OWNER}</OwnerID><FileID>{FILE}</FileID>"
        "<QBType>QBFS</QBType></QBWCXML>"
    )
    server.requests = [message_set(add(line()))]
    options = {
        "--file": "meridian.qbw",
        "--seed": "seed.json",
        "--qwc": "bridge.qwc",
        "--password-file": "password",
    }
    named = [text for name, file in options.items() for text in (name, str(tmp_path / file))]

    demo = run(*named, "--control-port", "0")

    demo.wait_for("done")
    demo.process.terminate()
    assert demo.process.wait(20) == 0


def test_the_company_file_outlives_a_process_that_is_killed(demo, server, tmp_path, run):
    server.requests = [message_set(add(line()))]
    demo.post("sync")
    demo.process.kill()
    demo.process.wait()

    again = run(tmp_path)
    again.wait_for("polls")
    assert again.get("orders")[0]["ref_number"] == "PO-1"
    assert again.post("sync")["outcome"] == "nothing to do"


def test_it_stops_in_the_middle_of_a_session_that_would_never_end(tmp_path, server, run):
    question = message_set("<VendorQueryRq/>")
    asked = threading.Event()
    server.replies["authenticate"] = lambda values: ["{t}", ""]
    server.replies["sendRequestXML"] = lambda values: question

    def never_done(values: dict[str, str]) -> int:
        asked.set()
        return 99

    server.replies["receiveResponseXML"] = never_done
    write_config(tmp_path, server.url)
    demo = run(tmp_path)
    demo.wait_for("polls")
    assert asked.wait(20)

    demo.process.terminate()

    said, _ = demo.process.communicate(timeout=20)
    assert demo.process.returncode == 0
    assert "has stopped" in said
