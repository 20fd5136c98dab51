from django.db import migrations

from directory.walls import same, same_company

CHECK = """
CREATE FUNCTION budgets_transfer_comes_to_nothing() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    total numeric;
BEGIN
    SELECT sum(part.amount) INTO total
    FROM budgets_modification AS modification
    JOIN budgets_modificationline AS part ON part.modification_id = modification.id
    WHERE modification.id = COALESCE(NEW.modification_id, OLD.modification_id)
      AND modification.type = 'transfer';
    IF total <> 0 THEN
        RAISE EXCEPTION 'A transfer has to come to 0.00, not to %', total
            USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_comes_to_nothing';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER transfer_comes_to_nothing
    AFTER INSERT OR UPDATE OR DELETE ON budgets_modificationline
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION budgets_transfer_comes_to_nothing();
"""
FORGET = """
DROP TRIGGER transfer_comes_to_nothing ON budgets_modificationline;
DROP FUNCTION budgets_transfer_comes_to_nothing();
"""


class Migration(migrations.Migration):
    dependencies = [("budgets", "0001_initial"), ("directory", "0003_committed")]

    operations = [
        migrations.RunSQL(CHECK, FORGET),
        same_company("budgets_budget", "project_id", "directory_project"),
        same_company("budgets_budget", "export_id", "approvals_export"),
        same_company("budgets_budgetline", "budget_id", "budgets_budget"),
        same_company("budgets_budgetline", "cost_code_id", "directory_costcode"),
        same_company("budgets_budgetline", "category_id", "directory_category"),
        same_company("budgets_modification", "budget_id", "budgets_budget"),
        same_company("budgets_modificationline", "budget_id", "budgets_budget"),
        same("budgets_modificationline", "line_id", "budgets_budgetline", "budget_id"),
        same("budgets_modificationline", "modification_id", "budgets_modification", "budget_id"),
    ]
