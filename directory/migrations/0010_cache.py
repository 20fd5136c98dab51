"""The table of Django's cache in the database: what all web processes count together."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [("directory", "0009_costs_by_category")]

    operations = [
        migrations.RunSQL(
            # As `createcachetable` would make it.
            """
            CREATE TABLE cache (
                cache_key varchar(255) NOT NULL PRIMARY KEY,
                value text NOT NULL,
                expires timestamptz NOT NULL
            );
            CREATE INDEX cache_expires ON cache (expires);
            """,
            "DROP TABLE cache",
        )
    ]
