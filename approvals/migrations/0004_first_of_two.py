from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("approvals", "0003_second_approver"),
    ]

    operations = [
        # The column keeps its name: a release that runs still while this one starts reads it.
        migrations.AlterField(
            model_name="firstapproval",
            name="terms",
            field=models.CharField(db_column="terms", max_length=64),
        ),
        migrations.RenameField(
            model_name="firstapproval",
            old_name="terms",
            new_name="says",
        ),
        migrations.AddField(
            model_name="firstapproval",
            name="step",
            field=models.CharField(db_default="accept", max_length=15),
        ),
        migrations.AddField(
            model_name="firstapproval",
            name="words",
            field=models.TextField(blank=True, db_default=""),
        ),
    ]
