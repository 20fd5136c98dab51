"""Tables from spreadsheets: what people paste and upload, and what they download."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.downloads import csv_download
from directory.entered import MOST_MONEY, Fault, Reader
from directory.sheets import Column, Unreadable, read_sheet

COLUMNS = [
    Column("code", "Cost code", ["code"], required=True),
    Column("words", "Description"),
    Column("amount", "Amount", ["total"], required=True, number=True),
]


def cells(content: bytes | str) -> list[dict[str, str]]:
    return [row.cells for row in read_sheet(content, COLUMNS, 1000).rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", ["\t", ",", ";"])
def test_a_table_is_read_however_a_spreadsheet_saved_it(encoding: str, separator: str) -> None:
    lines = [["Cost code", "Amount", "Description"], ["03-300", "1500.00", "Café “Elm”"], []]
    content = "\r\n".join(separator.join(line) for line in lines).encode(encoding)
    assert cells(content) == [{"code": "03-300", "amount": "1500.00", "words": "Café “Elm”"}]


def test_a_pasted_table_is_read_as_it_was_copied() -> None:
    pasted = (
        '\n code \t TOTAL ($)\tdescription\n03-300\t"1,500.00"\t"two\nlines"\n'
        '\n05-120\t(7)\t2" pipe'
    )
    sheet = read_sheet(pasted, COLUMNS, 1000)
    assert [(row.number, row.cells["words"]) for row in sheet.rows] == [
        (3, "two\nlines"),
        (5, '2" pipe'),
    ]
    assert not sheet.faults


def test_a_column_that_nobody_knows_is_named() -> None:
    sheet = read_sheet("Code,Foreman,Amount,,\n03-300,Bo,1,,\n", COLUMNS, 10)
    assert sheet.ignored == ["Foreman"]
    assert sheet.rows[0].cells == {"code": "03-300", "amount": "1"}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "There is nothing in it."),
        (b"\n\n  \n", "There is nothing in it."),
        (b"Cost code,Amount\n", "no row below"),
        (b"03-300,Slab,100\n", "Cost code, Amount are missing"),
        (b"Cost code,Value\n03-300,1\n", "Amount is missing"),
        (b"Code,Cost code,Amount\n1,2,3\n", "“Code” and “Cost code” name the same column. Keep"),
        (b"Code,Amount,AMOUNT ($)\n1,2,3\n", "“Amount” and “AMOUNT ($)” name the same"),
        (
            b'Code,Amount\n03-300,"' + b"x" * 140_000 + b'"\n',
            "Row 2 has a cell of more than 131,072",
        ),
        (b"Code,Amount," + b"x" * 140_000 + b"\n1,2,3\n", "Row 1 has a cell of more than 131,072"),
        (b'"Code,Amount\n03-300,1\n', "Row 1 cannot be read"),
        (b'Code,Amount\n03-300,"12\n', "Row 2 cannot be read"),
        (b'Code,Amount\n03-300,1\n"A" frame,1\n', "Row 3 cannot be read"),
        (b"PK\x03\x04\x00\x00", "no CSV file"),
        (b"Code,Amount\n\x81\x8d,1\n", "neither UTF-8 nor Windows-1252"),
        (b"Code,Amount\n" + b"03-300,1\n" * 1001, "more than 1,000 rows"),
        (b"Code,Amount\n" + b"03-300,1\n" * 100_000, "more than 1,000 rows"),
        (b"Code,Amount\n" + b"x" * 50 * 1024**2, "This has 50 MB; 5 MB are possible."),
    ],
)
def test_what_is_no_table_is_refused_in_words(content: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=re.escape(why)):
        read_sheet(content, COLUMNS, 1000)


def test_a_row_with_too_many_cells_is_told() -> None:
    sheet = read_sheet("Code,Amount\n03-300,1\n05-120,1,500.00\n", COLUMNS, 10)
    [fault] = sheet.faults
    assert (fault.line, fault.field) == (2, "")
    assert "quotation marks" in fault.message


def test_a_comma_is_refused_where_it_could_mean_both() -> None:
    sheet = read_sheet('Code;Amount\n1;"1,234"\n2;1,234.50\n3;1234\n', COLUMNS, 10)
    assert sheet.faults == [
        Fault(
            "amount",
            "“1,234” could mean 1234 or 1.234, as semicolons separate the cells here. "
            "Write it without a comma.",
            1,
        )
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234.56", "1234.56"),
        ("$1,234.5", "1234.50"),
        ("(20.00)", "-20.00"),
        ("−7", "-7.00"),
        ("0", "0.00"),
        ("-0.00", "0.00"),
        ("9999999999999.99", "9999999999999.99"),
        ("", None),
        ("  ", None),
    ],
)
def test_amounts_are_read_to_the_cent(text: str, value: str | None) -> None:
    reader = Reader()
    read = reader.number("amount", text, 2, MOST_MONEY)
    assert (str(read) if read is not None else None, reader.faults) == (value, [])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1.234,56", "write a point before the decimals"),
        ("12,5", "write a point before the decimals"),
        ("1,2345", "write a point before the decimals"),
        ("NaN", "is not a number"),
        ("Infinity", "is not a number"),
        ("1e5", "is not a number"),
        ("١٢", "is not a number"),
        ("12 t", "is not a number"),
        ("1.005", "more than 2 decimals"),
        ("10000000000000", "too large"),
        ("=B2*C2", "is a formula. Enter its value."),
        ("#REF!", "is not a number"),
        ("1" * 41, "is not a number"),
    ],
)
def test_what_is_no_amount_is_refused_in_words(text: str, why: str) -> None:
    reader = Reader()
    assert reader.number("amount", text, 2, MOST_MONEY) is None
    assert why in reader.faults[0].message


def downloaded(*rows: list[Any]) -> bytes:
    response = csv_download("log.csv", ["Code", "Description", "Amount"], rows)
    return b"".join(response)


def test_a_download_never_runs_in_a_spreadsheet() -> None:
    content = downloaded(
        ["=1+1", "+44", Decimal("-20.00")],
        ["@SUM(A1)", "-cmd|' /C calc'!A0", 7],
        ["\t=1", "Café", None],
        ["＝1+1", "＠SUM(A1)", 1],
        ["03-300", "two\nlines", date(2026, 3, 2)],
    )
    assert content.decode("utf-8-sig") == (
        "Code,Description,Amount\r\n"
        "'=1+1,'+44,-20.00\r\n"
        "'@SUM(A1),'-cmd|' /C calc'!A0,7\r\n"
        "'\t=1,Café,\r\n"
        "'＝1+1,'＠SUM(A1),1\r\n"
        '03-300,"two\nlines",2026-03-02\r\n'
    )


def test_a_download_is_sent_while_it_is_made() -> None:
    made = []

    def rows():
        for number in range(3):
            made.append(number)
            yield [str(number), "", Decimal(number)]

    parts = iter(csv_download("log.csv", ["Code"], rows()))
    for _ in range(3):  # the mark, the headings, the first row
        next(parts)
    assert made == [0]


words = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1)


@given(st.lists(st.tuples(words, words, st.decimals(-(10**12), 10**12, places=2)), min_size=1))
def test_what_was_downloaded_is_read_again(rows: list[tuple[str, str, Decimal]]) -> None:
    def kept(text: str) -> str:
        return f"'{text}" if text[0] in "=+-@" else text

    assert cells(downloaded(*map(list, rows))) == [
        {"code": kept(code), "words": kept(text), "amount": str(amount)}
        for code, text, amount in rows
    ]
