"""The envelope around requests, and answers that come in any shape."""

from __future__ import annotations

from decimal import Decimal

import pytest
from lxml import etree

from connectors.contract import Request
from connectors.quickbooks import connector, orders, schema, transactions
from connectors.quickbooks.qbxml import Answer
from tests.connectors.quickbooks.playing import KEY, check_schema

ASK = Request(body="<PurchaseOrderQueryRq><TxnID>1-2</TxnID></PurchaseOrderQueryRq>")
WRITE = Request(
    body="<TxnDelRq><TxnDelType>Bill</TxnDelType><TxnID>1</TxnID></TxnDelRq>", writes=True, key=KEY
)
OPENED = '<PurchaseOrderQueryRs requestID="c1-0" statusCode="0">'
CHECK = Request(body="", check=True, key=KEY)


def reply(inside: str, attributes: str = "") -> str:
    return f'<?xml version="1.0" ?><QBXML><QBXMLMsgsRs {attributes}>{inside}</QBXMLMsgsRs></QBXML>'


def attributes_of(message: str) -> dict[str, str]:
    message_set = etree.fromstring(message.encode())[0]
    return {str(name): str(value) for name, value in message_set.attrib.items()}


def test_questions_travel_together_without_a_set_id():
    message = connector.wrap({"c1-0": ASK, "c2-4": ASK})
    check_schema(message)
    assert attributes_of(message) == {"onError": "continueOnError"}
    asked = etree.fromstring(message.encode())[0]
    assert [element.get("requestID") for element in asked] == ["c1-0", "c2-4"]
    assert message.startswith('<?xml version="1.0" encoding="utf-8"?><?qbxml version="13.0"?>')


def test_a_write_travels_alone_under_its_key_and_clears_the_one_before():
    message = connector.wrap({"c1-0": WRITE}, clear="EB-before")
    check_schema(message)
    assert attributes_of(message) == {
        "onError": "stopOnError",
        "newMessageSetID": KEY,
        "oldMessageSetID": "EB-before",
    }
    assert f'<TxnDelRq requestID="{KEY}">' in message


def test_a_check_is_an_empty_set_with_both_ids_the_same():
    message = connector.wrap({KEY: CHECK})
    check_schema(message)
    assert attributes_of(message) == {
        "onError": "stopOnError",
        "newMessageSetID": KEY,
        "oldMessageSetID": KEY,
    }
    assert len(etree.fromstring(message.encode())[0]) == 0


@pytest.mark.parametrize(
    ("requests", "clear"),
    [
        ({}, ""),
        ({"a": WRITE, "b": ASK}, ""),
        ({"a": WRITE, "b": WRITE}, ""),
        ({"a": ASK}, "old"),
        ({"a": CHECK}, "old"),
        ({"a": Request(body=WRITE.body, writes=True, key="x" * 24)}, ""),
        ({"a": Request(body=WRITE.body, writes=True, key="é")}, ""),
        ({"a": WRITE}, 'x" onError="continueOnError'),
        ({'a" b="c': ASK}, ""),
        ({"a": Request(body="<PurchaseOrderQueryRq/>")}, ""),
        ({"a": Request(body="<TxnID>1</TxnID>")}, ""),
        ({"a": Request(body="<PurchaseOrderQueryRq>é</PurchaseOrderQueryRq>")}, ""),
        ({"a": Request(body='<PurchaseOrderQueryRq requestID="x"></PurchaseOrderQueryRq>')}, ""),
    ],
)
def test_what_must_never_go_out_does_not(requests, clear):
    with pytest.raises(ValueError, match=r"\w"):
        connector.wrap(requests, clear=clear)


def test_answers_are_known_by_their_id_never_by_their_place():
    answers = connector.unwrap(
        reply(
            '<PurchaseOrderQueryRs requestID="c2-0" statusCode="1" statusSeverity="Info"'
            ' statusMessage="none"/>'
            '<PurchaseOrderQueryRs requestID="other" statusCode="0"/>'
            '<PurchaseOrderQueryRs statusCode="0"/>'
            '<PurchaseOrderQueryRs requestID="c1-0" statusCode="500" statusSeverity="Warn"/>'
        ),
        {"c1-0": ASK, "c2-0": ASK, "c3-0": ASK},
    )
    assert {name: answer.status for name, answer in answers.items()} == {"c1-0": 500, "c2-0": 1}
    assert answers["c2-0"][1:3] == ("Info", "none")


def test_a_write_is_answered_under_its_key():
    answered = reply(f'<TxnDelRs requestID="{KEY}" statusCode="0"/>', 'messageSetStatusCode="0"')
    assert connector.unwrap(answered, {"c9-1": WRITE})["c9-1"].status == 0


@pytest.mark.parametrize("code", [600, 9001, 9002, 9004, 9005])
def test_a_set_refused_as_a_whole_is_an_answer(code):
    answered = reply("", f'messageSetStatusCode="{code}"')
    assert connector.unwrap(answered, {"c9-1": WRITE})["c9-1"] == Answer(code, "Error", "", None)
    assert connector.unwrap(answered, {KEY: CHECK})[KEY].status == code


def test_a_check_answers_with_what_is_remembered():
    stored = (
        f'<PurchaseOrderAddRs requestID="{KEY}" statusCode="0" statusSeverity="Info">'
        "<ErrorRecovery><TxnID>4E-1</TxnID><TxnNumber>9</TxnNumber>"
        "<EditSequence>77</EditSequence>"
        "<ExternalGUID>{ABCDEF01-0000-0000-0000-000000000000}</ExternalGUID>"
        "</ErrorRecovery></PurchaseOrderAddRs>"
    )
    answer = connector.unwrap(reply(stored, 'messageSetStatusCode="0"'), {KEY: CHECK})[KEY]
    assert transactions.memory_of(answer) == (
        "4E-1",
        "77",
        "{abcdef01-0000-0000-0000-000000000000}",
    )


@pytest.mark.parametrize(
    "inside",
    [
        f'<PurchaseOrderAddRs requestID="{KEY}" statusCode="0"/>'
        f'<PurchaseOrderAddRs requestID="{KEY}" statusCode="3120"/>',
        f'<VendorQueryRs requestID="{KEY}" statusCode="3120"/>',
    ],
    ids=["two answers", "an answer to something else"],
)
def test_an_answer_that_is_none_to_what_was_asked_is_left_out(inside):
    """A write that is answered twice, or as another request, was not clearly refused."""
    write = Request(body="<PurchaseOrderAddRq></PurchaseOrderAddRq>", writes=True, key=KEY)
    assert connector.unwrap(reply(inside), {"c1-1": write}) == {}


def test_a_missing_answer_is_left_out():
    assert connector.unwrap(reply(""), {"c1-0": ASK, "c2-0": ASK}) == {}
    assert connector.unwrap(reply(""), {"c1-0": WRITE}) == {}


@pytest.mark.parametrize(
    "hostile",
    [
        "",
        "   ",
        "no xml at all",
        "<QBXML><QBXMLMsgsRs></QBXML>",
        "<html><body>502 Bad Gateway</body></html>",
        "<QBXML/>",
        '<!DOCTYPE a [<!ENTITY b "c">]><QBXML><QBXMLMsgsRs>&b;</QBXMLMsgsRs></QBXML>',
        '<!DOCTYPE a SYSTEM "http://192.0.2.1/a.dtd"><QBXML><QBXMLMsgsRs/></QBXML>',
        "<QBXML><QBXMLMsgsRs>&unknown;</QBXMLMsgsRs></QBXML>",
        "<QBXML><QBXMLMsgsRs>" + "<a>" * 10 + "</QBXMLMsgsRs></QBXML>",
        "<a>" * 100_000,
        "\ud800",
    ],
)
def test_a_reply_that_cannot_be_read_is_one_kind_of_error(hostile):
    with pytest.raises(ValueError, match=r"\w"):
        connector.unwrap(hostile, {"c1-0": ASK})


def test_control_characters_that_somebody_once_typed_do_not_stop_the_reading():
    answer = connector.unwrap(
        reply(
            '<PurchaseOrderQueryRs requestID="c1-0" statusCode="0"><PurchaseOrderRet>'
            "<TxnID>1</TxnID><Memo>a&#11;b&#x1F;c\x0b&#13;d</Memo>"
            "</PurchaseOrderRet></PurchaseOrderQueryRs>"
        ),
        {"c1-0": ASK},
    )["c1-0"]
    assert orders.orders(answer)[0]["memo"] == "abc\rd"


def test_answers_outside_the_schema_are_read_all_the_same():
    strange = reply(
        '<PurchaseOrderQueryRs requestID="c1-0" statusCode="zero" mystery="1">'
        "<PurchaseOrderRet><Mystery><Deep/></Mystery><TxnID>1</TxnID><TotalAmount/>"
        "<PurchaseOrderLineRet><TxnLineID>2</TxnLineID><PreferredDeliveryMethod>Mail"
        "</PreferredDeliveryMethod></PurchaseOrderLineRet></PurchaseOrderRet></PurchaseOrderQueryRs>"
    )
    answer = connector.unwrap(strange, {"c1-0": ASK})["c1-0"]
    assert answer.status == -1
    assert orders.orders(answer)[0]["lines"][0]["id"] == "2"


def test_records_hold_whole_orders_as_plain_values():
    group = (
        "<PurchaseOrderLineGroupRet><TxnLineID>3</TxnLineID><ItemGroupRef><ListID>9</ListID>"
        "<FullName>Kit</FullName></ItemGroupRef><TotalAmount>30.00</TotalAmount>"
        "<PurchaseOrderLineRet><TxnLineID>4</TxnLineID><Amount>30.00</Amount>"
        "</PurchaseOrderLineRet></PurchaseOrderLineGroupRet>"
    )
    order = (
        "<PurchaseOrderRet><TxnID>A</TxnID><EditSequence>5</EditSequence>"
        "<TotalAmount>31.50</TotalAmount><PurchaseOrderLineRet><TxnLineID>2</TxnLineID>"
        f"<Amount>1.50</Amount></PurchaseOrderLineRet>{group}</PurchaseOrderRet>"
    )
    bare = "<PurchaseOrderRet><TxnID>B</TxnID></PurchaseOrderRet>"
    answer = connector.unwrap(
        reply(f"{OPENED}{order}{bare}</PurchaseOrderQueryRs>"),
        {"c1-0": ASK},
    )["c1-0"]
    records = connector.records(answer)
    assert list(records) == ["po:A"]
    lines = records["po:A"]["lines"]
    assert [(one["id"], one["group"], one["amount"]) for one in lines] == [
        ("2", False, "1.50"),
        ("3", True, "30.00"),
    ]
    assert transactions.total(lines) == transactions.money(records["po:A"]["amount"])


def test_a_group_in_an_order_is_kept_as_a_whole():
    body = schema.order_mod({"TxnID": "A", "EditSequence": "5"}, [("2", False), ("3", True)], [])
    assert body == (
        "<PurchaseOrderModRq><PurchaseOrderMod><TxnID>A</TxnID><EditSequence>5</EditSequence>"
        "<PurchaseOrderLineMod><TxnLineID>2</TxnLineID></PurchaseOrderLineMod>"
        "<PurchaseOrderLineGroupMod><TxnLineID>3</TxnLineID></PurchaseOrderLineGroupMod>"
        "</PurchaseOrderMod></PurchaseOrderModRq>"
    )
    check_schema(connector.wrap({"a": Request(body=body, writes=True, key=KEY)}))


@pytest.mark.parametrize(
    "build",
    [
        lambda: schema.order_mod({"TxnID": "A"}, [("2", False), ("2", False)], []),
        lambda: schema.order_mod({"TxnID": "A"}, [("-1", False)], []),
        lambda: schema.order_mod({"TxnID": "A", "RefNumber": "1"}, [], []),
        lambda: schema.order_mod({"TxnID": ""}, [], []),
        lambda: schema.ORDER_ADD.write({"RefNumber": "123456789012"}),
        lambda: schema.ORDER_ADD.write({"VendorMsg": "x" * 100}),
        lambda: schema.ORDER_ADD.write({"Memo": "½⅓" * 2000}),
        lambda: schema.ORDER_ADD.write({"ExternalGUID": "abc"}),
    ],
)
def test_the_builder_refuses_what_quickbooks_would_refuse_or_spoil(build):
    with pytest.raises(schema.Unfit):
        build()


def test_a_line_without_words_does_not_take_the_place_of_one_that_has_them():
    def expected(description: str, ours: int) -> transactions.Expected:
        return transactions.Expected("I", "03-300", description, Decimal("5.00"), (ours,))

    def standing(line_id: str, description: str) -> transactions.TxnLine:
        line = etree.fromstring(
            f"<PurchaseOrderLineRet><TxnLineID>{line_id}</TxnLineID><ItemRef><ListID>I</ListID>"
            f"</ItemRef><Desc>{description}</Desc><Amount>5.00</Amount></PurchaseOrderLineRet>"
        )
        return transactions.line_of(line)

    moved = [standing("L2", "Footings"), standing("L1", "As the item says")]
    found = transactions.match([expected("", 1), expected("Footings", 2)], moved)
    assert found == {"1": "L1", "2": "L2"}
