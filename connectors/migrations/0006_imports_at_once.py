from django.db import migrations, models


class Migration(migrations.Migration):
    """Connections that were there before go on importing what is new at once."""

    dependencies = [("connectors", "0005_indexes")]

    operations = [
        migrations.AddField("connection", "imports_at_once", models.BooleanField(default=True)),
        migrations.AlterField("connection", "imports_at_once", models.BooleanField(default=False)),
    ]
