from django.db import migrations

# What was approved before the ledger was kept.
FILL = """
INSERT INTO directory_committed (company_id, project_id, source, cost_code_id, category_id, amount)
SELECT document.company_id, document.project_id, document.export_id,
       line.cost_code_id, line.category_id, sum(line.amount)
FROM commitments_commitment AS document
JOIN commitments_commitmentline AS line ON line.commitment_id = document.id
WHERE document.status IN ('approved', 'complete') AND line.introduced_by_id IS NULL
GROUP BY 1, 2, 3, 4, 5
UNION ALL
SELECT document.company_id, parent.project_id, document.export_id,
       line.cost_code_id, line.category_id, sum(line.amount)
FROM commitments_changeorder AS document
JOIN commitments_commitment AS parent ON parent.id = document.commitment_id
JOIN commitments_changeorderline AS line ON line.change_order_id = document.id
WHERE document.status = 'approved'
GROUP BY 1, 2, 3, 4, 5
"""


class Migration(migrations.Migration):
    dependencies = [("commitments", "0002_walls"), ("directory", "0003_committed")]

    operations = [migrations.RunSQL(FILL, "DELETE FROM directory_committed")]
