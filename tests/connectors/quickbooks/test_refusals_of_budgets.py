"""Each way in which QuickBooks can answer a budget, and a search for what got no answer."""

from __future__ import annotations

import msgspec
import pytest

from connectors.contract import (
    Absent,
    Attempt,
    Busy,
    CannotTell,
    Denied,
    Finding,
    Receipt,
    Ref,
    Terms,
    Unclear,
    Unfinished,
)
from connectors.quickbooks import connector
from tests.connectors.quickbooks.conftest import Site, budget, change_order, commitment, line
from tests.connectors.quickbooks.playing import KEY, hand_feed
from tests.connectors.quickbooks.test_refusals import SAID, reply, response

PARENT = Receipt(id="E-1", number="12")
FIRST = budget(line(1, "100.00", description="Footings"))
LATER = budget(line(1, "25.00", id=201, description="Soft soil"), number="2")


def estimate_xml(*lines: str, total: str = "100.00", version: str = "1", more: str = "") -> str:
    return (
        f"<EstimateRet><TxnID>E-1</TxnID><EditSequence>{version}</EditSequence>"
        "<CustomerRef><ListID>J</ListID></CustomerRef><RefNumber>12</RefNumber>"
        f"<IsActive>true</IsActive><TotalAmount>{total}</TotalAmount>{more}"
        f"{''.join(lines)}</EstimateRet>"
    )


def line_xml(line_id: str, amount: str, desc: str = "Footings", rate: str = "") -> str:
    return (
        f"<EstimateLineRet><TxnLineID>{line_id}</TxnLineID><ItemRef><ListID>I</ListID></ItemRef>"
        f"<Desc>{desc}</Desc><Quantity>1</Quantity><Rate>{rate or amount}</Rate>"
        f"<Amount>{amount}</Amount></EstimateLineRet>"
    )


OLD = line_xml("L1", "100.00")
NEW = line_xml("L2", "25.00", "Budget change 2: Soft soil")
PREFERENCES = response(
    "PreferencesQueryRs",
    0,
    "<PreferencesRet><JobsAndEstimatesPreferences><IsUsingEstimates>true</IsUsingEstimates>"
    "</JobsAndEstimatesPreferences></PreferencesRet>",
    severity="Info",
)
NO_ESTIMATE = response("EstimateQueryRs", 1, severity="Info")
STANDING = response("EstimateQueryRs", 0, estimate_xml(OLD), severity="Info")


@pytest.fixture
def terms(site: Site) -> Terms:
    """Links with the ids that the answers above use."""
    return msgspec.structs.replace(
        site.terms(FIRST), items={"1": Ref(id="I", name="03-300")}, job=Ref(id="J", name="A:B")
    )


@pytest.fixture
def later(terms) -> Terms:
    return msgspec.structs.replace(terms, parent=PARENT)


def said_of_estimates(code: int) -> str:
    return "Do you create estimates" if code == 3250 else SAID[code][1]


@pytest.mark.parametrize("code", SAID)
def test_each_refusal_of_a_new_estimate_says_what_it_means(terms, code):
    script = connector.export(FIRST, terms, KEY)
    with pytest.raises(SAID[code][0], match=said_of_estimates(code)) as caught:
        hand_feed(script, PREFERENCES, NO_ESTIMATE, response("EstimateAddRs", code))
    assert (caught.value.code, caught.value.words) == (str(code), "As QuickBooks says it")


@pytest.mark.parametrize("code", SAID)
def test_each_refusal_of_a_later_round_says_what_it_means(later, code):
    script = connector.export(LATER, later, KEY)
    with pytest.raises(SAID[code][0], match=said_of_estimates(code)) as caught:
        hand_feed(script, PREFERENCES, STANDING, response("EstimateModRs", code))
    assert (caught.value.code, caught.value.words) == (str(code), "As QuickBooks says it")


@pytest.mark.parametrize("document", [FIRST, LATER], ids=["first", "later"])
@pytest.mark.parametrize("code", [1000, 3176, 3250, 3261])
def test_a_question_that_is_refused_ends_before_any_write(terms, later, document, code):
    goes_to = terms if document is FIRST else later
    kind, sentence = SAID[code][0], said_of_estimates(code)
    for replies in (
        [response("PreferencesQueryRs", code).replace("estimates", "")],
        [PREFERENCES, response("EstimateQueryRs", code)],
    ):
        if (code, len(replies)) == (3250, 1):
            continue  # preferences belong to no feature
        with pytest.raises(kind, match=sentence):
            hand_feed(connector.export(document, goes_to, KEY), *replies)


@pytest.mark.parametrize("code", [9001, 9005, 600, 9002])
def test_a_set_that_was_not_taken_as_a_whole_needs_a_person(terms, later, code):
    refused = reply("", f'messageSetStatusCode="{code}"')
    with pytest.raises(CannotTell, match="did not say clearly"):
        hand_feed(connector.export(FIRST, terms, KEY), PREFERENCES, NO_ESTIMATE, refused)
    with pytest.raises(CannotTell, match="did not say clearly"):
        hand_feed(connector.export(LATER, later, KEY), PREFERENCES, STANDING, refused)


def test_an_estimate_that_keeps_being_saved_is_waited_for(later):
    stale = response("EstimateModRs", 3200)
    with pytest.raises(Busy, match="Somebody is working on estimate 12"):
        hand_feed(connector.export(LATER, later, KEY), PREFERENCES, *[STANDING, stale] * 4)


ODD_ENDS = {
    "another amount": ([OLD, NEW.replace("25.00", "24.00")], "124.00"),
    "a mark-up": ([OLD, NEW.replace("<Rate>25.00", "<Rate>20.00")], "125.00"),
    "a line that went": ([NEW], "25.00"),
    "a line that moved": ([line_xml("L1", "99.00"), NEW], "124.00"),
    "no new line": ([OLD], "100.00"),
    "another total": ([OLD, NEW], "130.00"),
}


@pytest.mark.parametrize("name", ODD_ENDS)
def test_an_estimate_that_does_not_hold_what_was_approved_needs_a_person(later, name):
    lines, total = ODD_ENDS[name]
    saved = response("EstimateModRs", 0, estimate_xml(*lines, total=total), severity="Info")
    with pytest.raises(CannotTell, match="not as it was approved"):
        hand_feed(connector.export(LATER, later, KEY), PREFERENCES, STANDING, saved)


FIRST_ODD_ENDS = {
    "another amount": (estimate_xml(line_xml("L1", "99.00"), total="99.00"), "come to 99.00"),
    "a mark-up": (estimate_xml(line_xml("L1", "100.00", rate="90.00")), "its lines differ"),
    "another total": (estimate_xml(OLD, total="120.00"), "its total is 120.00"),
    "another job": (estimate_xml(OLD).replace(">J<", ">K<"), "its job is K"),
}


@pytest.mark.parametrize("name", FIRST_ODD_ENDS)
def test_a_new_estimate_that_is_not_what_was_approved_needs_a_person(terms, name):
    saved, sentence = FIRST_ODD_ENDS[name]
    answer = response("EstimateAddRs", 0, saved, severity="Info")
    with pytest.raises(CannotTell, match=sentence):
        hand_feed(connector.export(FIRST, terms, KEY), PREFERENCES, NO_ESTIMATE, answer)


def test_tax_on_top_is_no_contradiction(terms, later):
    taxed = estimate_xml(OLD, total="107.00", more="<SalesTaxTotal>7.00</SalesTaxTotal>")
    saved = response("EstimateAddRs", 0, taxed, severity="Info")
    assert hand_feed(connector.export(FIRST, terms, KEY), PREFERENCES, NO_ESTIMATE, saved)[0].lines


def test_a_repeat_that_is_answered_from_memory_is_read_from_the_books(terms, later):
    memory = "<ErrorRecovery><TxnID>E-1</TxnID><EditSequence>2</EditSequence></ErrorRecovery>"
    receipt, _ = hand_feed(
        connector.export(FIRST, terms, KEY),
        PREFERENCES,
        NO_ESTIMATE,
        response("EstimateAddRs", 0, memory, severity="Info"),
        STANDING,
    )
    assert receipt.lines == {"101": "L1"}
    whole = estimate_xml(OLD, NEW, total="125.00", version="2")
    receipt, _ = hand_feed(
        connector.export(LATER, later, KEY),
        PREFERENCES,
        STANDING,
        response("EstimateModRs", 0, memory, severity="Info"),
        response("EstimateQueryRs", 0, whole, severity="Info"),
    )
    assert (receipt.lines, receipt.version) == ({"201": "L2"}, "2")


@pytest.mark.parametrize("code", [1000, 3175, 3261, 0])
def test_a_question_that_is_not_answered_says_nothing_of_the_budget_before_it(terms, code):
    memory = "<ErrorRecovery><TxnID>E-1</TxnID></ErrorRecovery>"
    took = response("EstimateAddRs", 0, memory, severity="Info")
    asked = response("EstimateQueryRs", code)
    with pytest.raises(Unfinished):
        hand_feed(connector.export(FIRST, terms, KEY), PREFERENCES, NO_ESTIMATE, took, asked)


def test_an_estimate_that_vanishes_right_after_it_was_written_needs_a_person(terms):
    memory = "<ErrorRecovery><TxnID>E-1</TxnID></ErrorRecovery>"
    took = response("EstimateAddRs", 0, memory, severity="Info")
    with pytest.raises(CannotTell, match="now no longer has its estimate"):
        hand_feed(connector.export(FIRST, terms, KEY), PREFERENCES, NO_ESTIMATE, took, NO_ESTIMATE)
    silent = response("EstimateAddRs", 0, severity="Info")
    with pytest.raises(CannotTell, match="did not say which estimate"):
        hand_feed(connector.export(FIRST, terms, KEY), PREFERENCES, NO_ESTIMATE, silent)


# --- searching ---------------------------------------------------------------------------------

DOCUMENTS = {
    "commitment": (commitment(), None, "PurchaseOrderAddRs", "PurchaseOrderQueryRs"),
    "change order": (change_order(), PARENT, "PurchaseOrderModRs", "PurchaseOrderQueryRs"),
    "first round": (FIRST, None, "EstimateAddRs", "EstimateQueryRs"),
    "later round": (LATER, PARENT, "EstimateModRs", "EstimateQueryRs"),
}


@pytest.fixture(params=DOCUMENTS)
def search(site, request):
    """Search for a lost write of one kind: what is remembered, then what the books say."""
    document, parent, write, query = DOCUMENTS[request.param]

    def look(remembered: str, *codes: int | str) -> Finding:
        attempts = [Attempt(key=KEY, outcome="lost")]
        script = connector.find(document, site.terms(document, parent), attempts)
        if document.kind == "commitment" and len(codes) == 1 and codes[0] in (1, 500, 3120):
            codes *= 2  # looked for by its number, then among those of its vendor and day
        books = [one if isinstance(one, str) else response(query, one) for one in codes]
        return hand_feed(script, remembered.replace("Write", write), *books)[0]

    return look


@pytest.mark.parametrize("code", [600, 9002])
def test_what_is_neither_remembered_nor_in_the_books_is_absent(search, code):
    forgotten = reply("", f'messageSetStatusCode="{code}"')
    for status in (1, 500, 3120):
        assert isinstance(search(forgotten, status), Absent)


def test_an_answer_that_neither_shows_a_record_nor_says_that_there_is_none_proves_nothing(search):
    forgotten = reply("", 'messageSetStatusCode="9002"')
    with pytest.raises(Busy, match="did not answer"):
        search(forgotten, 0)


@pytest.mark.parametrize("code", [1, 500, 3120])
def test_a_set_that_was_refused_does_not_say_that_there_is_none(search, code):
    forgotten = reply("", 'messageSetStatusCode="9002"')
    finding = search(forgotten, reply("", f'messageSetStatusCode="{code}"'))
    assert isinstance(finding, Unclear)


@pytest.mark.parametrize(
    ("code", "kind"),
    [(1000, Unclear), (3175, Busy), (3180, Busy), (3250, Unclear), (3261, Unclear), (-1, Unclear)],
)
def test_books_that_cannot_be_read_prove_nothing(search, code, kind):
    forgotten = reply("", 'messageSetStatusCode="9002"')
    if kind is Busy:
        with pytest.raises(Busy):
            search(forgotten, code)
    else:
        assert isinstance(search(forgotten, code), kind)


@pytest.mark.parametrize("code", [code for code in SAID if code not in (1, 3200)])
def test_a_remembered_refusal_is_the_answer(search, code):
    finding = search(response("Write", code))
    assert isinstance(finding, Denied)
    assert (finding.code, finding.words) == (str(code), "As QuickBooks says it")


def test_a_remembered_stale_change_wrote_nothing(search):
    finding = search(response("Write", 3200), 1)
    assert isinstance(finding, Absent)
