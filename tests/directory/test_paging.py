"""Rows of tables whose cells are escaped all at once."""

import pytest

from directory.paging import escaped, rows_html


def test_every_cell_stays_in_its_place_and_none_is_html() -> None:
    rows = [["1", "<b>Slab</b>", "", 'O\'Neill & "Sons"'], ["2", "", "</td>", "Łódź 🏗"]]
    assert [list(row) for row in escaped(rows)] == [
        ["1", "&lt;b&gt;Slab&lt;/b&gt;", "", "O&#x27;Neill &amp; &quot;Sons&quot;"],
        ["2", "", "&lt;/td&gt;", "Łódź 🏗"],
    ]
    assert escaped([]) == []


def test_rows_of_another_width_are_an_error() -> None:
    with pytest.raises(ValueError, match="shorter"):
        escaped([["1", "2"], ["3"]])


def test_a_schedule_shows_what_people_typed() -> None:
    line = [
        "1",
        "03-300",
        "<i>",
        "Labor",
        "<script>",
        "<b>",
        "",
        "",
        "1.00",
        "0.00",
        "",
        "1.00",
        "5 %",
    ]
    html = rows_html("schedule.jinja", rows=escaped([line]), with_quantities=False)
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "&lt;i&gt;" in html
