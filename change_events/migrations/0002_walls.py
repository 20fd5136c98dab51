from django.db import migrations

from directory.walls import same, same_company

LINE = "change_events_changeeventline"


class Migration(migrations.Migration):
    dependencies = [
        ("change_events", "0001_initial"),
        ("commitments", "0004_change_of_commitment"),
        ("directory", "0002_walls"),
    ]

    operations = [
        same_company("change_events_changeevent", "project_id", "directory_project"),
        same_company(LINE, "event_id", "change_events_changeevent"),
        same_company(LINE, "cost_code_id", "directory_costcode"),
        same_company(LINE, "category_id", "directory_category"),
        same_company(LINE, "vendor_id", "directory_vendor"),
        same_company(LINE, "commitment_id", "commitments_commitment"),
        # A line is carried by a change order of the commitment that it names, by no other.
        same(LINE, "change_order_line_id", "commitments_changeorderline", "commitment_id"),
    ]
