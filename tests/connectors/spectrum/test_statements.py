"""Which statements a site's Info-Link is asked with: one SELECT, and nothing that is more."""

from __future__ import annotations

import pytest

from connectors.spectrum.statements import STATEMENTS, faults

GOOD = STATEMENTS["change_request"].example


@pytest.mark.parametrize("name", STATEMENTS)
def test_the_examples_may_be_run(name: str) -> None:
    assert faults(name, STATEMENTS[name].example) == []


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD.lower(),
        f"{GOOD} AND Note <> 'DROP it; -- really' AND [Update] = 1",
        f"{GOOD} UNION ALL {GOOD}",
        f"{GOOD} AND EXISTS (SELECT 1 FROM X)",
        GOOD.replace("\n", "\t \r\n"),
    ],
)
def test_one_select_is_taken(text: str) -> None:
    assert faults("change_request", text) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "EXEC sp_who",
        f"WITH x AS ({GOOD}) DELETE FROM x",
        f"{GOOD} DELETE FROM X",
        f"{GOOD} AND 1=1DELETE FROM X",
        f"{GOOD} AND 1 = 1eDELETE FROM X",
        f"{GOOD} AND 1 = $UPDATE X",
        f"{GOOD} AND 1 = 1.DROP TABLE X",
        f"{GOOD} AND N'' = ''UPDATE X",
        f"{GOOD} SELECT 1",
        f"{GOOD};",
        f"{GOOD} /* */",
        f"{GOOD} -- ",
        f"{GOOD} AND '",
        f"{GOOD} AND [x",
        f"{GOOD} AND @@VERSION = ''",
        f"{GOOD} AND @vendor = 1",
        f"{GOOD}\N{NO-BREAK SPACE}",
        f"{GOOD}\0",
        GOOD.replace("@number", "'S001-001'"),
        GOOD.replace("FROM", "INTO Copy FROM"),
        GOOD.replace("_MC", "_MC WITH (NOLOCK)"),
        GOOD.replace("FROM", "FROM OPENROWSET('x', 'y') AS a,"),
        f"{GOOD} {'x' * 4000}",
    ],
)
def test_nothing_else_is(text: str) -> None:
    assert faults("change_request", text)
