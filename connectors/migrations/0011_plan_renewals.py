from datetime import timedelta

from django.db import migrations
from django.utils import timezone


def plan(apps, schema_editor):
    """Sites that use tokens already have their secret renewed from now on, in a month at first."""
    Connection = apps.get_model("connectors", "Connection")
    Renewal = apps.get_model("connectors", "Renewal")
    Renewal.objects.bulk_create(
        Renewal(connection=one, due_at=timezone.now() + timedelta(days=30))
        for one in Connection.objects.filter(erp="spectrum", settings__oauth="Y")
    )


class Migration(migrations.Migration):
    dependencies = [("connectors", "0010_renewals")]

    operations = [migrations.RunPython(plan, migrations.RunPython.noop)]
