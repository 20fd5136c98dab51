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
        GOOD.replace("FROM CR", "FROM dbo . [CR").replace("DET_MC", "DET_MC]"),
        f"{GOOD} AND 1.5 < .5 AND Text <> 'a.b.c.sys.objects'",
        f"{GOOD} AND a.SysNo = 1 AND [sys] = 2 AND Sys_Users = 3",
        f"{GOOD} UNION ALL {GOOD.replace('_MC', '_OLD')}",
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


PARTS = "has more than two parts, so it may be in another database or on another server"
SERVER = "is about the server itself"


@pytest.mark.parametrize(
    ("view", "words"),
    [
        ("OTHER.Spectrum.dbo.CR_MC", f"“OTHER.Spectrum.dbo.CR_MC” {PARTS}"),
        ("[OTHER] . [Spectrum] .. CR_MC", f"“OTHER.Spectrum..CR_MC” {PARTS}"),
        ("Payroll..EMPLOYEES", PARTS),
        ("..EMPLOYEES", PARTS),
        ("sys.sql_logins", f"“sys.sql_logins” {SERVER}"),
        ("[Sys]\n.\n[objects]", SERVER),
        ('"sys".objects', SERVER),
        ("\uff53\uff59\uff53.objects", SERVER),
        ("information_schema.tables", f"“information_schema.tables” {SERVER}"),
        ("dbo.sysobjects", f"“dbo.sysobjects” {SERVER}"),
        ("sysdatabases", SERVER),
        ("master.sys.databases", SERVER),
    ],
)
def test_nothing_but_views_of_the_one_database_is_read(view: str, words: str) -> None:
    for text in (
        GOOD.replace("CR_CHNG_REQ_CON_DET_MC", view),
        f"{GOOD} UNION ALL SELECT name, name, name, name, name, 1, name FROM {view}",
        f"{GOOD} AND EXISTS (SELECT 1 FROM X AS x JOIN {view} AS y ON 1 = 1)",
        GOOD.replace("FROM", f"FROM {view} AS x,"),
    ):
        found = faults("change_request", text)
        assert any(words in one for one in found), (text, found)
