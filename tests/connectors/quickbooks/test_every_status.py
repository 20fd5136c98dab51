"""Every status that QuickBooks may give, to every question and write of every script.

Each script runs against the company file; one of its requests is answered with a status instead,
and is not carried out. Whatever comes of that is said in words, and nothing is written twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connectors.contract import (
    Attempt,
    Busy,
    CannotTell,
    Denied,
    Document,
    ErpError,
    Receipt,
    Refused,
    Request,
    Script,
    Unclear,
)
from connectors.quickbooks import connector
from connectors.quickbooks.qbxml import Answer
from tests.connectors.quickbooks.conftest import (
    Site,
    budget,
    change_order,
    commitment,
    line,
    make_site,
)
from tests.connectors.quickbooks.playing import KEY, OTHER_KEY, Lost, Session

ABSENT = frozenset({1, 500, 3120})
LATER = frozenset({3175, 3176, 3180, 3230, 3231})
UNSETTLED = frozenset({600, 9001, 9002, 9003, 9005, -1})
STALE, OFF, ITERATOR_LOST = 3200, 3250, 3391
NOT_ALLOWED = frozenset({3220, 3260, 3261, 3263})
BAD_DATA = frozenset(
    {1000, 1060, 3000, 3010, 3020, 3030, 3035, 3040, 3045, 3050, 3060, 3065, 3070, 3085, 3090}
    | {3100, 3110, 3130, 3140, 3150, 3170, 3171, 3210, 3290, 9004}
)
EVERY = sorted(
    ABSENT | LATER | UNSETTLED | NOT_ALLOWED | BAD_DATA | {STALE, OFF, ITERATOR_LOST, 3999}
)

COMMITMENT, CHANGE, BUDGET = commitment(), change_order(), budget()
ROUND_2 = budget(line(1, "1000.00", id=201), number="2")

Begin = Callable[[], Script[Any]]
Prepared = Callable[[Site], Begin]


class Answering(Session):
    """A session in which the request at `at` is answered with a status, and not carried out."""

    def __init__(self, site: Site, at: int, code: int) -> None:
        super().__init__(site.company)
        self.at, self.code = at, code
        self.asked: list[Request] = []

    def ask(self, request: Request, *, lose: str = "", clear: str = "") -> Answer:
        if len(self.asked) != self.at:
            self.asked.append(request)
            return super().ask(request, lose=lose, clear=clear)
        self.asked.append(request)
        return answered(request, self.code)


def answered(request: Request, code: int) -> Answer:
    """The answer to one request that holds nothing but a status."""
    name = request.key if request.alone else "r1"
    tag = request.body[1:].split(">")[0].split(" ")[0].removesuffix("Rq") or "PurchaseOrderMod"
    of_the_set = code if code in UNSETTLED | {9004} and request.alone else 0
    inside = (
        f'<{tag}Rs requestID="{name}" statusCode="{code}" statusSeverity="Error" '
        'statusMessage="As QuickBooks says it"/>'
    )
    reply = (
        f'<QBXML><QBXMLMsgsRs messageSetStatusCode="{of_the_set}">'
        f"{'' if of_the_set else inside}</QBXMLMsgsRs></QBXML>"
    )
    answer: Answer = connector.unwrap(reply, {name: request})[name]
    return answer


# --- the scripts -------------------------------------------------------------------------------


def written(site: Site, document: Document, parent: Receipt | None = None) -> Receipt:
    key = KEY if parent is None else OTHER_KEY
    return site.exported(document, key, parent)


def parent_of(site: Site, document: Document) -> Receipt | None:
    if document is CHANGE:
        return written(site, COMMITMENT)
    return written(site, BUDGET) if document is ROUND_2 else None


def exporting(document: Document) -> Prepared:
    def prepare(site: Site) -> Begin:
        terms = site.terms(document, parent_of(site, document))
        return lambda: connector.export(document, terms, "EB00000000000000aaaa")

    return prepare


def finding(document: Document) -> Prepared:
    """After an answer that was lost."""

    def prepare(site: Site) -> Begin:
        terms = site.terms(document, parent_of(site, document))
        key = "EB00000000000000bbbb"
        with pytest.raises(Lost):
            site.session().run(lambda: connector.export(document, terms, key), lose="answer")
        attempts = [Attempt(key=key, outcome="lost")]
        return lambda: connector.find(document, terms, attempts)

    return prepare


def unlinking(document: Document) -> Prepared:
    def prepare(site: Site) -> Begin:
        parent = parent_of(site, document)
        terms, receipt = site.terms(document, parent), written(site, document, parent)
        return lambda: connector.still_there(document, terms, receipt)

    return prepare


def comparing(document: Document) -> Prepared:
    def prepare(site: Site) -> Begin:
        parent = parent_of(site, document)
        terms, receipt = site.terms(document, parent), written(site, document, parent)
        return lambda: connector.compare(document, terms, receipt, terms)

    return prepare


def looking_up(document: Document) -> Prepared:
    def prepare(site: Site) -> Begin:
        terms = site.terms(document, parent_of(site, document))
        return lambda: connector.look_up(document, terms, "SC-001")

    return prepare


def costing(site: Site) -> Begin:
    written(site, BUDGET)
    site.company.by_hand.enter_bill(site.job.name, "03-300", COMMITMENT.amount)
    return lambda: connector.job_costs(site.job, {"category": "class"})


def pulling(what: str) -> Prepared:
    return lambda site: lambda: connector.pull(what, "")


DOCUMENTS = {"commitment": COMMITMENT, "change": CHANGE, "budget": BUDGET, "round": ROUND_2}
EXPORTS = {f"export {name}": exporting(one) for name, one in DOCUMENTS.items()}
FINDS = {f"find {name}": finding(one) for name, one in DOCUMENTS.items()}
UNLINKS = {f"unlink {name}": unlinking(one) for name, one in DOCUMENTS.items()}
LOOKS = {
    **{f"compare {name}": comparing(one) for name, one in DOCUMENTS.items()},
    **{f"look up {name}": looking_up(one) for name, one in DOCUMENTS.items()},
    **{
        f"pull {what}": pulling(what)
        for what in ("vendors", "jobs", "cost_codes", "classes", "deleted")
    },
    "job costs": costing,
}
SELF_TEST: dict[str, Prepared] = {"self-test": lambda site: lambda: connector.self_test({})}
SCRIPTS = {**EXPORTS, **FINDS, **UNLINKS, **LOOKS, **SELF_TEST}


def run(prepare: Prepared, at: int, code: int) -> tuple[Site, Answering, Any, ErpError | None]:
    """The books, the session, and what the script came to: a value, or an error."""
    site = make_site()
    begin = prepare(site)
    session = Answering(site, at, code)
    try:
        return site, session, session.run(begin), None
    except ErpError as error:
        return site, session, None, error


def steps(prepare: Prepared) -> list[Request]:
    """What the script asks where everything goes well."""
    return run(prepare, -1, 0)[1].asked


def in_words(said: str) -> bool:
    return len(said) > 30 and said[0].isupper() and said.endswith(".") and "None" not in said


def totals(site: Site) -> list[str]:
    return [str(one.total) for one in (*site.company.purchase_orders(), *site.company.estimates())]


# --- what is expected --------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_says_what_each_status_means(name):
    for at, request in enumerate(steps(EXPORTS[name])):
        for code in EVERY:
            site, session, value, error = run(EXPORTS[name], at, code)
            told = f"{name}, request {at}, status {code}: {value or error!r}"
            after = [one for one in session.asked[at + 1 :] if one.writes]
            if error is None:
                # Absent as it should be, or a stale change that was built anew: written once.
                goes_on = ABSENT if not request.writes else {STALE}
                assert code in goes_on, told
                assert isinstance(value, Receipt), told
                assert len(after) == 1, told
                continue
            assert in_words(error.message), told
            assert after == [], told
            if request.writes and code in ABSENT:
                assert isinstance(error, Refused), told
            elif code in LATER:
                assert isinstance(error, Busy), told
            elif code in UNSETTLED:
                assert isinstance(error, CannotTell), told
            else:
                assert isinstance(error, Refused), told
            site.company.close()


@pytest.mark.parametrize("name", FINDS)
def test_a_search_says_what_each_status_means(name):
    """It never writes; what it cannot read it does not take for absent."""
    for at, request in enumerate(steps(FINDS[name])):
        for code in EVERY:
            site, session, value, error = run(FINDS[name], at, code)
            told = f"{name}, request {at}, status {code}: {value or error!r}"
            assert not any(one.writes for one in session.asked), told
            if error is not None:
                assert isinstance(error, Busy), told
                assert in_words(error.message), told
                assert code in LATER, told
            elif isinstance(value, Unclear | Denied):
                assert in_words(value.message), told
            else:
                # What is not remembered is looked for in the books.
                looked = request.check and code in UNSETTLED | {STALE, 9004}
                assert looked or code in ABSENT, told
            site.company.close()


@pytest.mark.parametrize("name", UNLINKS)
def test_only_absence_is_permission_to_unlink(name):
    (only,) = steps(UNLINKS[name])
    assert only.fresh
    for code in EVERY:
        site, _, value, error = run(UNLINKS[name], 0, code)
        told = f"{name}, status {code}: {value or error!r}"
        assert (error is None) == (code in ABSENT), told
        if error is not None:
            assert isinstance(error, Busy), told
            assert in_words(error.message), told
        site.company.close()


@pytest.mark.parametrize("name", LOOKS)
def test_what_is_only_read_is_tried_again_or_told(name):
    for at in range(len(steps(LOOKS[name]))):
        for code in EVERY:
            site, session, value, error = run(LOOKS[name], at, code)
            told = f"{name}, request {at}, status {code}: {value or error!r}"
            assert not any(one.writes for one in session.asked), told
            if error is None:
                off = name == "job costs" and code == OFF  # costs without estimates
                assert code in ABSENT or off, told
            else:
                assert in_words(error.message), told
                again = LATER | UNSETTLED | ABSENT
                if name.startswith("pull") and name != "pull deleted":  # which has no pages
                    again |= {ITERATOR_LOST}
                assert isinstance(error, Busy) == (code in again), told
            site.company.close()


def test_the_self_test_tells_the_user_from_the_feature():
    for at in range(len(steps(SELF_TEST["self-test"]))):
        for code in EVERY:
            site, _, value, error = run(SELF_TEST["self-test"], at, code)
            told = f"question {at}, status {code}: {value or error!r}"
            if code in NOT_ALLOWED:
                assert in_words(value[at].problem), told
            elif code == OFF:
                assert value[at].off, told
            elif code != 1:
                assert isinstance(error, Busy), told
            site.company.close()


def test_every_script_is_here():
    """A script that is added to the connector is added here."""
    told = {"export", "find", "still_there", "compare", "look_up", "job_costs", "pull", "self_test"}
    pure = {"number", "record", "repeats_safely", "problems", "preview", "hello", "wrap", "unwrap"}
    pure |= {"records", "held_as", "lists", "item_name", "capabilities", "wants"}
    assert {name for name in dir(connector) if not name.startswith("_")} == told | pure
    assert len(SCRIPTS) == 4 * 5 + 5 + 2
