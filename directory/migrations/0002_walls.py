from django.db import migrations

from directory.walls import same_company

REFUSE = """
CREATE FUNCTION directory_event_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The history is append-only: % on % is refused', TG_OP, TG_TABLE_NAME;
END $$;
CREATE TRIGGER event_rows_stay BEFORE UPDATE OR DELETE ON directory_event
    FOR EACH ROW EXECUTE FUNCTION directory_event_is_append_only();
CREATE TRIGGER event_table_stays BEFORE TRUNCATE ON directory_event
    FOR EACH STATEMENT EXECUTE FUNCTION directory_event_is_append_only();
"""
ALLOW = """
DROP TRIGGER event_rows_stay ON directory_event;
DROP TRIGGER event_table_stays ON directory_event;
DROP FUNCTION directory_event_is_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("directory", "0001_initial")]

    operations = [
        migrations.RunSQL(REFUSE, ALLOW),
        same_company("directory_project", "job_id", "directory_job"),
        same_company("directory_jobcost", "project_id", "directory_project"),
        same_company("directory_jobcost", "cost_code_id", "directory_costcode"),
        same_company("directory_toollevel", "project_id", "directory_project"),
        same_company("directory_toollevel", "membership_id", "directory_membership"),
    ]
