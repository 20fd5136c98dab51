"""A write to QuickBooks that was answered otherwise than approved counted as refused, and was not
looked for before a retry. What needs attention over one is looked for from now on."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("approvals", "0005_fewer_indexes"),
        ("connectors", "0015_forgetting_what_was_read"),
    ]

    operations = [
        migrations.RunSQL(
            """
            UPDATE connectors_conversation SET outcome = 'unclear'
            WHERE outcome = 'refused' AND id IN (
                SELECT max(one.id) FROM connectors_conversation AS one
                JOIN connectors_connection AS connection ON connection.id = one.connection_id
                JOIN approvals_export AS export ON export.id::text = one.subject
                    AND export.company_id = connection.company_id
                WHERE one.purpose = 'export' AND connection.erp = 'quickbooks'
                  AND export.status = 'needs_attention'
                GROUP BY one.connection_id, one.subject
            )
            """,
            migrations.RunSQL.noop,
        ),
    ]
