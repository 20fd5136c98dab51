"""A connector in a package of its own, for an ERP that nobody sells: Ledgerline.

It is called over HTTP and speaks JSON. Every record has a name of its own, and a `POST` of it that
is repeated changes nothing; so it can be asked, and needs neither keys nor luck. It is the smallest
whole connector there is, and tests load it as any other package would be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from connectors.contract import (
    Absent,
    Area,
    Attempt,
    Busy,
    Call,
    Candidate,
    CannotTell,
    Capabilities,
    Compared,
    CostRow,
    Difference,
    Document,
    Finding,
    Found,
    Gone,
    Hello,
    JobCosts,
    Kind,
    Preview,
    PreviewRow,
    Problem,
    Pulled,
    Query,
    Receipt,
    Ref,
    Refused,
    Reply,
    Request,
    Script,
    Site,
    StillThere,
    Terms,
    Unclear,
    Unfinished,
)

NUMBER = 12
LATER = 429  # a 503 may come from something in between that gave up waiting


class Answer(msgspec.Struct, frozen=True):
    """What came back: the status, and the JSON if it is any."""

    status: int
    value: Any


class Ledgerline:
    capabilities = Capabilities(
        name="Ledgerline",
        short="Ledgerline",
        transport="push",
        can_find=True,
        number_length={"commitment": NUMBER, "change_order": NUMBER},
        order_word="order",
        budget_word="plan",
        categories={"nothing": "are not sent"},
        questions_at_once=1,
    )

    # --- pure ---

    def number(
        self, document: Document, parent: Receipt | None, taken: frozenset[str] = frozenset()
    ) -> str:
        return document.number

    def record(self, document: Document, terms: Terms) -> str:
        return f"ledger:{_path(document, terms)}"

    def held_as(self, kind: Kind, erp_id: str) -> str:
        return f"ledger:{erp_id}"

    def repeats_safely(self, document: Document) -> bool:
        return True

    def wants(self, document: Document, terms: Terms) -> tuple[str, ...]:
        return ()

    def problems(
        self, document: Document, terms: Terms | None, facts: Mapping[str, Any] | None = None
    ) -> list[Problem]:
        found = []
        if not document.title.strip():
            found.append(Problem(code="title", text="It has no title.", where="title"))
        if document.kind != "budget" and len(document.number) > NUMBER:
            text = f"The number has {len(document.number)} characters; Ledgerline takes {NUMBER}."
            found.append(Problem(code="number_long", text=text, where="number"))
        if not document.lines:
            found.append(Problem(code="no_lines", text="It has no lines.", where="lines"))
        if terms is not None:
            if document.kind != "budget" and terms.vendor is None:
                text = "Its vendor is not linked to Ledgerline."
                found.append(Problem(code="vendor", text=text, where="vendor"))
            if terms.job is None:
                text = "Its project is not linked to a job of Ledgerline."
                found.append(Problem(code="job", text=text, where="job"))
            for line in document.lines:
                if terms.item_of(line) is None:
                    text = f"Line {line.number}: {line.cost_code.code} is not linked to Ledgerline."
                    found.append(Problem(code="item", text=text, where=f"line:{line.number}"))
        return found

    def preview(
        self,
        document: Document,
        terms: Terms,
        known: Mapping[str, Any] | None,
        facts: Mapping[str, Any] | None = None,
    ) -> Preview:
        rows = tuple(
            PreviewRow(
                change="new",
                item=item.name if (item := terms.item_of(line)) else "",
                description=line.description,
                before=None,
                after=line.amount,
            )
            for line in document.lines
        )
        return Preview(
            record=f"New {self.capabilities.record_word(document.kind)} {terms.number}",
            fields=(("Title", document.title),),
            rows=rows,
            total_before=Decimal(0),
            total_after=document.amount,
            change=document.amount,
        )

    def lists(self, settings: Mapping[str, str]) -> tuple[str, ...]:
        return ("vendors", "jobs", "cost_codes")

    def item_name(self, item: str, category: str, settings: Mapping[str, str]) -> str:
        return item

    def hello(self, greeting: str) -> Hello:
        return Hello(company="", company_file="", version="")

    # --- scripts ---

    def export(
        self,
        document: Document,
        terms: Terms,
        key: str,
        done: frozenset[str] = frozenset(),
        lost: frozenset[str] = frozenset(),
    ) -> Script[Receipt]:
        faults = self.problems(document, terms)
        if faults:
            raise Refused(" ".join(fault.text for fault in faults))
        path, wanted = _path(document, terms), _written(document, terms)
        body = f"POST {path}\n\n{msgspec.json.encode(wanted, order='sorted').decode()}"
        answer = yield Request(body=body, writes=True, key=key, record=self.record(document, terms))
        if answer.status == LATER:
            raise Busy(f"Ledgerline is busy (HTTP {answer.status}).")
        if answer.status in (400, 401, 403, 404, 409):
            raise Refused(f"Ledgerline refused it: {_said(answer)}")
        if answer.status != 200 or not isinstance(answer.value, dict):
            raise Unfinished(f"Ledgerline gave no clear answer (HTTP {answer.status}).")
        if not _is_as_sent(answer.value, wanted):
            raise CannotTell("Ledgerline took it otherwise than it was sent. Look there.")
        return _receipt(document, path, answer.value)

    def find(
        self,
        document: Document,
        terms: Terms,
        attempts: Sequence[Attempt],
        *,
        asked: bool = False,
    ) -> Script[Finding]:
        path = _path(document, terms)
        answer = yield Request(body=f"GET {path}", record=self.record(document, terms), fresh=True)
        if answer.status == 404:
            return Absent(seen=f"Ledgerline has no {path}.")
        there = _read(answer)
        if _is_as_sent(there, _written(document, terms)):
            return Found(receipt=_receipt(document, path, there))
        return Unclear(message=f"Ledgerline holds another {path}. Compare the two.")

    def still_there(
        self, document: Document, terms: Terms, receipt: Receipt, *, asked: bool = False
    ) -> Script[Gone | StillThere]:
        answer = yield Request(body=f"GET {receipt.id}", fresh=True)
        if answer.status == 404:
            return Gone(seen=f"Ledgerline has no {receipt.id}.")
        _read(answer)
        return StillThere(found=(f"{receipt.id} is in Ledgerline.",))

    def compare(
        self, document: Document, terms: Terms, receipt: Receipt, now: Terms
    ) -> Script[Compared]:
        answer = yield Request(body=f"GET {receipt.id}", fresh=True)
        if answer.status == 404:
            return Compared(receipt=None)
        there = _read(answer)
        current = _receipt(document, receipt.id, there)
        if any(_is_as_sent(there, _written(document, one)) for one in (terms, now)):
            return Compared(receipt=current)
        told = Difference(where="total", ours=str(document.amount), theirs="", advice="Look there.")
        return Compared(receipt=current, differences=(told,))

    def look_up(
        self, document: Document, terms: Terms, number: str
    ) -> Script[tuple[Candidate, ...]]:
        path = _path(document, terms)
        answer = yield Request(body=f"GET {path}", fresh=True)
        if answer.status == 404:
            return ()
        there = _read(answer)
        fits = _is_as_sent(there, _written(document, terms))
        problem = "" if fits else "It is not the same."
        receipt = _receipt(document, path, there)
        return (Candidate(receipt=receipt, description=path, problem=problem),)

    def job_costs(self, job: Ref, settings: Mapping[str, str]) -> Script[JobCosts]:
        answer = yield Request(body=f"GET /jobs/{job.id}/costs")
        rows = tuple(
            CostRow(item=item, name=item, estimate=None, actual=Decimal(spent))
            for item, spent in sorted(_read(answer).items())
        )
        return JobCosts(job=job, rows=rows)

    def pull(self, what: str, cursor: str, since: str = "") -> Script[Pulled]:
        if what not in self.lists({}):
            yield from ()
            return Pulled(rows=())
        answer = yield Request(body=f"GET /{what}")
        rows = _read(answer)["rows"]
        every = {"active": True, "parent": "", "problem": ""}
        return Pulled(rows=tuple({**row, "label": row["name"], **every} for row in rows))

    def self_test(
        self, known: Mapping[str, int], *, asked: bool = False
    ) -> Script[tuple[Area, ...]]:
        answer = yield Request(body="GET /vendors")
        if answer.status in (401, 403):
            return (Area(name="vendors", problem="The key is not known to Ledgerline."),)
        return (Area(name="vendors", shown=len(_read(answer)["rows"])),)

    # --- the wire ---

    def wrap(self, requests: Mapping[str, Request], *, clear: str = "") -> str:
        if len(requests) != 1:
            raise ValueError("A call carries one request")
        [request] = requests.values()
        return request.body

    def unwrap(self, reply: Reply, requests: Mapping[str, Request]) -> Mapping[str, Answer]:
        text = reply if isinstance(reply, str) else b"".join(reply.read()).decode()
        head, _, rest = text.partition("\n\n")
        if not head.startswith("HTTP "):
            raise ValueError("A stored reply begins with its status")
        try:
            value = msgspec.json.decode(rest)
        except msgspec.DecodeError:
            value = None
        return dict.fromkeys(requests, Answer(int(head.split(" ")[1]), value))

    def records(self, answer: Any) -> Mapping[str, Mapping[str, Any]]:
        value = answer.value
        if answer.status != 200 or not isinstance(value, dict) or "path" not in value:
            return {}
        return {f"ledger:{value['path']}": {**value, "amount": _total(value)}}

    def call(self, body: str, site: Site) -> Call:
        head, _, content = body.partition("\n\n")
        method, _, path = head.partition(" ")
        headers = (("X-Ledgerline-Key", site.secrets["api_key"]),)
        return Call(method=method, path=path, headers=headers, content=content.encode())

    def query(self, body: str, site: Site) -> Query | None:
        return None

    def token_call(self, site: Site) -> Call | None:
        return None

    def token(self, reply: Reply) -> tuple[str, int]:
        raise Refused("Ledgerline has no tokens.")

    def renewal_call(self, site: Site) -> Call | None:
        return None

    def renewed(self, reply: Reply) -> dict[str, str]:
        raise Refused("Ledgerline renews no secret.")


def _path(document: Document, terms: Terms) -> str:
    if document.kind == "budget":
        return f"/plans/{terms.job.id if terms.job else ''}/{document.number}"
    if document.kind == "change_order" and terms.parent is not None:
        return f"{terms.parent.id}/changes/{terms.number}"
    return f"/orders/{terms.number}"


def _written(document: Document, terms: Terms) -> dict[str, Any]:
    return {
        "title": document.title,
        "vendor": terms.vendor.id if terms.vendor else "",
        "job": terms.job.id if terms.job else "",
        "lines": [
            [item.id if (item := terms.item_of(line)) else "", str(line.amount)]
            for line in document.lines
        ],
    }


def _is_as_sent(there: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(there.get(name) == value for name, value in wanted.items())


def _receipt(document: Document, path: str, there: Mapping[str, Any]) -> Receipt:
    lines = {str(line.id): f"{path}#{line.number}" for line in document.lines}
    total = Decimal(_total(there))
    return Receipt(id=path, number=path.rpartition("/")[2], amount=total, lines=lines)


def _total(there: Mapping[str, Any]) -> str:
    return str(sum((Decimal(amount) for _, amount in there.get("lines", [])), Decimal(0)))


def _read(answer: Answer) -> dict[str, Any]:
    """The JSON of a good answer to a question. Raises Busy, and Refused where we may not ask."""
    if answer.status in (401, 403):
        raise Refused("Ledgerline does not know the key. Look at the Connection page.")
    if answer.status != 200 or not isinstance(answer.value, dict):
        raise Busy(f"Ledgerline gave no clear answer (HTTP {answer.status}).")
    return answer.value


def _said(answer: Answer) -> str:
    said = answer.value.get("error") if isinstance(answer.value, dict) else None
    return f"{said or 'without a word'} (HTTP {answer.status})."


connector = Ledgerline()
