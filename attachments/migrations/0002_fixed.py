from django.db import migrations

REFUSE = """
CREATE FUNCTION attachment_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'What was attached never changes: % on % is refused', TG_OP, TG_TABLE_NAME;
END $$;
CREATE TRIGGER attachment_stays_itself
    BEFORE UPDATE OF company_id, subject, name, type, size, sha256 ON attachments_attachment
    FOR EACH ROW EXECUTE FUNCTION attachment_is_fixed();
CREATE TRIGGER attachment_piece_stays_itself BEFORE UPDATE ON attachments_piece
    FOR EACH ROW EXECUTE FUNCTION attachment_is_fixed();
"""
ALLOW = """
DROP TRIGGER attachment_stays_itself ON attachments_attachment;
DROP TRIGGER attachment_piece_stays_itself ON attachments_piece;
DROP FUNCTION attachment_is_fixed();
"""


class Migration(migrations.Migration):
    dependencies = [("attachments", "0001_initial")]

    operations = [migrations.RunSQL(REFUSE, ALLOW)]
