from django.db import migrations

from directory.walls import same, same_company

LINES = ("commitments_commitmentline", "commitments_changeorderline")


class Migration(migrations.Migration):
    dependencies = [("commitments", "0001_initial"), ("approvals", "0002_walls")]

    operations = [
        same_company("commitments_commitment", "project_id", "directory_project"),
        same_company("commitments_commitment", "vendor_id", "directory_vendor"),
        same_company("commitments_commitment", "export_id", "approvals_export"),
        same_company("commitments_changeorder", "commitment_id", "commitments_commitment"),
        same_company("commitments_changeorder", "export_id", "approvals_export"),
        same_company("commitments_commitmentline", "commitment_id", "commitments_commitment"),
        same_company("commitments_changeorderline", "commitment_id", "commitments_commitment"),
        *[same_company(table, "cost_code_id", "directory_costcode") for table in LINES],
        *[same_company(table, "category_id", "directory_category") for table in LINES],
        same(
            "commitments_commitmentline",
            "introduced_by_id",
            "commitments_changeorder",
            "commitment_id",
        ),
        same(
            "commitments_changeorderline",
            "change_order_id",
            "commitments_changeorder",
            "commitment_id",
        ),
        same(
            "commitments_changeorderline",
            "commitment_line_id",
            "commitments_commitmentline",
            "commitment_id",
        ),
    ]
