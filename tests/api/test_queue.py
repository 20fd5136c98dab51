"""The queue as programs read it."""

from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.models import Export
from approvals.moves import Move, lock_exports, make
from approvals.states import STEPS
from tests.api.conftest import Caller, Program
from tests.stage import Stage


def queue(caller: Caller, stage: Stage, **more):
    return caller.get("exports/", company=stage.company.pk, kind="commitment", **more)


def sent(stage: Stage, count: int) -> list[int]:
    """Commitments sent in one step, so that all have the same moment."""
    made = [stage.commitment(number=f"SC-{n:03}").export_id for n in range(count)]
    exports = lock_exports(made)
    changes = {"copy": "{}", "copy_digest": "x", "sent_by_id": stage.pam.pk}
    moves = [Move(export, changes) for export in exports.values()]
    return make(STEPS["send"], moves, by=stage.pam.pk)


def test_the_whole_view_is_read_page_by_page(stage: Stage, program: Program) -> None:
    ids = sent(stage, 7)
    ann = program(stage.ann)
    seen, cursor = [], ""
    while True:
        page = queue(ann, stage, size=3, cursor=cursor)
        seen += [row["id"] for row in page["results"]]
        assert page["counts"] == {"commitment": {"ready": 7}}
        if page["next"] is None:
            break
        cursor = page["next"]
    assert seen == sorted(ids, reverse=True)


def test_what_leaves_the_view_meanwhile_moves_nothing(stage: Stage, program: Program) -> None:
    ids = sorted(sent(stage, 6), reverse=True)
    ann = program(stage.ann)
    first = queue(ann, stage, size=3)
    for gone in ids[1:5]:
        Export.objects.filter(pk=gone).update(status="rejected")
    rest = queue(ann, stage, size=3, cursor=first["next"])
    assert [row["id"] for row in rest["results"]] == ids[5:]


def test_rows_say_what_a_person_sees(stage: Stage, program: Program) -> None:
    commitment = stage.commitment(title="Structural concrete")
    stage.send(commitment)
    [row] = queue(program(stage.vic), stage)["results"]
    export = stage.export(commitment)
    assert row == row | {
        "id": export.pk,
        "version": 1,
        "kind": "commitment",
        "number": "SC-001",
        "title": "Structural concrete",
        "amount": "35000.00",
        "vendor": "Ironwood Concrete",
        "status": "sent",
        "sent_by": "Pam",
        "decided_by": None,
        "project_number": "26-010",
        "parent_number": None,
    }
    assert row["sent_at"].endswith("Z")


def test_search_and_views(stage: Stage, program: Program) -> None:
    one, other = stage.commitment(number="SC-1"), stage.commitment(number="PO-2", title="Rebar")
    stage.send(one)
    stage.send(other)
    stage.step("reject", other, stage.ann, note="Wrong vendor.")
    ann = program(stage.ann)
    assert [row["number"] for row in queue(ann, stage, q="sc-")["results"]] == ["SC-1"]
    assert queue(ann, stage, q="rebar")["results"] == []
    [rejected] = queue(ann, stage, view="rejected", q="rebar")["results"]
    assert rejected["message"] == "Wrong vendor."
    assert queue(ann, stage)["counts"] == {"commitment": {"ready": 1, "rejected": 1}}


def test_drafts_are_in_no_view_and_in_no_count(stage: Stage, program: Program) -> None:
    stage.commitment()
    page = queue(program(stage.ann), stage)
    assert (page["results"], page["counts"]) == ([], {})


def test_five_queries_for_three_rows_and_for_fifty(stage: Stage, program: Program) -> None:
    ann = program(stage.ann)
    sent(stage, 50)
    queue(ann, stage, size=1)  # which notes that the token is used
    counts = []
    for size in (3, 50):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert len(queue(ann, stage, size=size)["results"]) == size
        counts.append(len(queries))
    # token and person, company, levels and privilege, rows, counters
    assert counts == [5, 5]


def test_no_list_of_anything_asks_more_for_more_rows(stage: Stage, program: Program) -> None:
    pam, dora = program(stage.pam), program(stage.dora)
    commitment = stage.commitment(number="SC-0")
    place = {"project": stage.project.pk}
    lists = [
        (pam, "commitments/", place, 5),
        (pam, "change-orders/", place, 5),
        (pam, "change-orders/", {"commitment": commitment.pk}, 6),
        (pam, "vendors/", place, 5),
        (pam, "cost-codes/", place, 5),
        (pam, "categories/", place, 5),
        (dora, "jobs/", {"company": stage.company.pk}, 5),
        (dora, "people/", {"company": stage.company.pk}, 5),
        (dora, "projects/", {"company": stage.company.pk}, 5),
        (dora, "events/", {"company": stage.company.pk}, 5),
        (dora, "companies/", {}, 3),
    ]
    for grown in (False, True):
        if grown:
            for n in range(1, 6):
                stage.change_order(stage.commitment(number=f"SC-{n}"), number=f"{n:03}")
                stage.change_order(commitment, number=f"{n:03}")
        for caller, path, parameters, most in lists:
            with CaptureQueriesContext(connection) as queries:
                caller.get(path, **parameters)
            assert len(queries) <= most, (path, grown, [q["sql"] for q in queries])


@pytest.mark.parametrize("place", ["first page", "behind a cursor"])
def test_a_page_comes_from_the_index_in_its_order(
    stage: Stage, program: Program, place: str
) -> None:
    sent(stage, 60)
    ann = program(stage.ann)
    cursor = queue(ann, stage, size=5)["next"] if place != "first page" else ""
    with CaptureQueriesContext(connection) as queries:
        queue(ann, stage, size=5, cursor=cursor)
    [rows] = [q["sql"] for q in queries if "LIMIT 6" in q["sql"]]
    with connection.cursor() as cursor_:
        cursor_.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        cursor_.execute(f"EXPLAIN {rows}")
        plan = "\n".join(line for (line,) in cursor_.fetchall())
    assert "using queue on" in plan
    assert "Sort" not in plan


def test_pages_of_every_list_join_without_a_gap(stage: Stage, program: Program) -> None:
    pam, dora = program(stage.pam), program(stage.dora)
    commitment = stage.commitment(number="SC-0")
    for n in range(1, 6):
        stage.commitment(number=f"SC-{n}")
        stage.change_order(commitment, number=f"{n:03}")
    company, project = {"company": stage.company.pk}, {"project": stage.project.pk}
    for caller, path, place in [
        (pam, "commitments/", project),
        (pam, "change-orders/", project),
        (pam, "change-orders/", {"commitment": commitment.pk}),
        (pam, "cost-codes/", project),
        (dora, "people/", company),
        (dora, "events/", company),
    ]:
        whole = caller.get(path, **place)["results"]
        page = caller.get(path, **place, size=2)
        parts = page["results"]
        while page["next"]:
            page = caller.get(path, **place, size=2, cursor=page["next"])
            parts += page["results"]
            assert len(page["results"]) <= 2
        assert parts == whole
        assert len(whole) >= 3, path
        keys = [row.get("id", row.get("seq")) for row in whole]
        assert all(a != b for a, b in pairwise(keys))
