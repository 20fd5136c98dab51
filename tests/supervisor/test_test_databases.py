"""Tests that commit have a database of their own, and leave nothing to the next."""

import subprocess
import sys
from threading import Thread

import psycopg2
import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from tests.plugin_database import url_of


def remember(key: str) -> None:
    Session.objects.create(session_key=key, session_data="", expire_date=timezone.now())


def remembered() -> list[str]:
    return sorted(Session.objects.values_list("session_key", flat=True))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2, 3])
def test_what_one_test_commits_the_next_does_not_see(turn):
    assert remembered() == []
    remember(f"turn {turn}")

    def in_a_thread() -> None:
        remember("thread")
        connection.close()

    thread = Thread(target=in_a_thread)
    thread.start()
    thread.join()
    assert remembered() == ["thread", f"turn {turn}"]


@pytest.mark.django_db(transaction=True)
def test_a_real_process_sees_what_the_test_committed(database_url):
    remember("seen from outside")
    code = (
        "import psycopg2, sys; cursor = psycopg2.connect(sys.argv[1]).cursor();"
        "cursor.execute('SELECT session_key FROM django_session'); print(cursor.fetchone()[0])"
    )
    command = [sys.executable, "-c", code, database_url]
    seen = subprocess.run(command, capture_output=True, text=True, check=True)
    assert seen.stdout == "seen from outside\n"


@pytest.mark.django_db
def test_a_test_that_does_not_commit_shares_the_migrated_database():
    assert remembered() == []
    remember("rolled back")
    other = psycopg2.connect(url_of(connection.settings_dict["NAME"]))
    cursor = other.cursor()
    cursor.execute("SELECT count(*) FROM django_session")
    assert cursor.fetchone() == (0,)
    other.close()
