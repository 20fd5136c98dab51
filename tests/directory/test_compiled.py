"""A query that is written once answers as the one that is written each time."""

from datetime import UTC, datetime

import pytest
from django.db import connection, transaction
from django.db.models import Q, Value
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from connectors.models import Connection
from directory.compiled import CompiledQuery, table
from directory.models import Company, User
from tests import factories

pytestmark = pytest.mark.django_db


def test_each_call_is_answered_for_its_own_values(django_assert_num_queries) -> None:
    first, second = factories.CompanyFactory.create_batch(2)
    by_id = CompiledQuery(lambda pk: Company.objects.filter(pk=pk), int)
    with django_assert_num_queries(3):
        assert by_id.first(first.pk) == first
        assert by_id.first(second.pk) == second
        assert by_id.first(second.pk + 1) is None


def test_numbers_texts_and_moments_stand_where_they_belong() -> None:
    ann = factories.UserFactory.create(name="Ann")
    factories.UserFactory.create(name="Bea")
    wanted = CompiledQuery(
        lambda name, pk, at: (
            User.objects.filter(name=name, pk__gte=pk, joined_at__gt=at)
            .order_by("pk")
            .values("id", "name")
        ),
        str,
        int,
        datetime,
    )
    past, future = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    assert wanted.rows("Ann", ann.pk, past) == [{"id": ann.pk, "name": "Ann"}]
    assert wanted.rows("Ann", ann.pk, future) == []
    assert wanted.rows("Ann", ann.pk + 1, past) == []
    assert wanted.rows("A'; DROP TABLE x; --", ann.pk, past) == []


def test_a_list_may_be_of_any_length(django_assert_num_queries) -> None:
    ann, bea, _ = (factories.UserFactory.create(name=name) for name in ("Ann", "Bea", "100 %"))
    wanted = CompiledQuery(
        lambda pks, name, names: (
            User.objects.filter(Q(pk__in=pks) | Q(name__in=names)).exclude(name=name).order_by("pk")
        ),
        list[int],
        str,
        list[str],
    )
    with django_assert_num_queries(4):
        assert wanted.all([ann.pk], "", ["Bea", "Nobody"]) == [ann, bea]
        assert wanted.all([ann.pk, bea.pk], "Ann", []) == [bea]
        assert wanted.all([], "", ["Ann"]) == [ann]
        assert wanted.all([], "", []) == []


def test_annotations_come_along() -> None:
    company = factories.CompanyFactory.create()
    told = CompiledQuery(lambda pk: Company.objects.filter(pk=pk).annotate(told=Value("yes")), int)
    [found] = told.all(company.pk)
    assert getattr(found, "told") == "yes"  # noqa: B009


def test_a_value_that_has_no_place_is_an_error_and_so_is_a_missing_one() -> None:
    with pytest.raises(ValueError, match="does not stand"):
        CompiledQuery(lambda _pk: Company.objects.all(), int).all(1)
    without = CompiledQuery(lambda pks: Company.objects.exclude(pk__in=pks), list[int])
    with pytest.raises(ValueError, match="An empty list would exclude everything"):
        without.all([])
    with pytest.raises(TypeError, match="1 values"):
        CompiledQuery(lambda pk: Company.objects.filter(pk=pk), int).all()


def test_what_is_selected_with_it_comes_along_and_json_is_read(django_assert_num_queries) -> None:
    company = factories.CompanyFactory.create()
    Connection.objects.create(company=company, erp="quickbooks", settings={"category": "class"})
    with_company = CompiledQuery(
        lambda pk: Connection.objects.filter(company=pk).select_related("company"), int
    )
    with django_assert_num_queries(1):
        found = with_company.first(company.pk)
        assert found is not None
        assert (found.company, found.settings) == (company, {"category": "class"})


def test_what_is_prefetched_comes_along_each_time(django_assert_num_queries) -> None:
    company, other = factories.CompanyFactory.create_batch(2)
    project = factories.ProjectFactory.create(company=company)
    with_projects = CompiledQuery(
        lambda pk: Company.objects.filter(pk=pk).prefetch_related("projects"), int
    )
    for one, projects in ((company, [project]), (other, []), (company, [project])):
        with django_assert_num_queries(2):
            found = with_projects.first(one.pk)
            assert found is not None
            assert list(found.projects.all()) == projects


def test_an_object_is_one_of_the_database_and_can_be_saved() -> None:
    company = factories.CompanyFactory.create(name="Ironwood")
    found = CompiledQuery(lambda pk: Company.objects.filter(pk=pk), int).first(company.pk)
    assert found is not None
    assert not found._state.adding
    found.name = "Ironwood Builders"
    found.save(update_fields=["name"])
    company.refresh_from_db()
    assert company.name == "Ironwood Builders"


@pytest.mark.django_db(transaction=True)
def test_rows_are_locked_within_a_transaction_or_not_at_all() -> None:
    """A lock that ends with its own statement keeps nobody out, so it is refused each time."""
    company = factories.CompanyFactory.create()
    locked = CompiledQuery(lambda pk: Company.objects.select_for_update().filter(pk=pk), int)
    for _ in range(2):
        with pytest.raises(TransactionManagementError, match="outside of a transaction"):
            locked.first(company.pk)
        with transaction.atomic():
            assert locked.first(company.pk) == company


@pytest.mark.parametrize("rows", [[(1, "ann")], [(1, "ann"), (2, None)], []])
def test_a_table_of_one_row_reads_as_one_of_many(rows: list[tuple[int, str | None]]) -> None:
    sql, values = table(("bigint", [n for n, _ in rows]), ("text", [name for _, name in rows]))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT n, name FROM {sql} AS given (n, name) ORDER BY n", values)
        assert cursor.fetchall() == rows


def test_lists_of_many_lengths_are_few_statements() -> None:
    companies = [one.pk for one in factories.CompanyFactory.create_batch(9)]
    named = CompiledQuery(lambda pks: Company.objects.filter(pk__in=pks).order_by("pk"), list[int])
    with CaptureQueriesContext(connection) as asked:
        for length in range(10):
            assert [one.pk for one in named.all(companies[:length])] == companies[:length]
    places = {one["sql"].partition(" IN (")[2].count(",") + 1 for one in asked.captured_queries}
    assert places == {1, 2, 4, 8, 16}


def test_what_is_always_the_same_stands_in_the_query_itself() -> None:
    factories.UserFactory.create(name="100 % Ann's %s")
    named = CompiledQuery(
        lambda pk: User.objects.filter(pk__gt=pk, name="100 % Ann's %s", is_active=True), int
    )
    assert [one.name for one in named.all(0)] == ["100 % Ann's %s"]
    assert named.all(10**6) == []
