"""As 0005 took the index of `connection` away, Django took the rule of one session with it, whose
index is on the same column."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("connectors", "0013_defaults_in_the_database")]

    operations = [
        # A session that is not over and holds no lane holds nothing.
        migrations.RunSQL(
            """
            UPDATE connectors_session AS session SET ended_at = statement_timestamp()
            WHERE ended_at IS NULL AND NOT EXISTS (
                SELECT FROM connectors_lane AS lane WHERE lane.session_id = session.id
            )
            """,
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(
            """
            CREATE UNIQUE INDEX IF NOT EXISTS one_session_at_a_time
            ON connectors_session (connection_id) WHERE ended_at IS NULL
            """,
            migrations.RunSQL.noop,
        ),
    ]
