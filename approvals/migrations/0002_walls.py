from django.db import migrations

from directory.walls import same_company


class Migration(migrations.Migration):
    dependencies = [("approvals", "0001_initial"), ("directory", "0002_walls")]

    operations = [
        same_company("approvals_export", "project_id", "directory_project"),
        same_company("approvals_export", "parent_id", "approvals_export"),
    ]
