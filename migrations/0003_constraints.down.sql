DROP INDEX IF EXISTS v_voice_secretaries_extension_key;
DROP INDEX IF EXISTS v_voice_transfer_destinations_name_key;

-- Primary keys stay; they are 0002's. Foreign keys first: they hang on the unique ones.
DO $$
DECLARE
    rule record;
    col record;
BEGIN
    FOR rule IN
        SELECT conrelid::regclass AS tablename, conname FROM pg_constraint
        JOIN pg_class ON pg_class.oid = conrelid
        WHERE relnamespace = 'public'::regnamespace AND relname LIKE 'v\_voice\_%' AND contype IN ('f', 'c', 'u')
        ORDER BY array_position(ARRAY['f', 'c', 'u'], contype::text)
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', rule.tablename, rule.conname);
    END LOOP;
    FOR col IN
        SELECT attrelid::regclass AS tablename, attname, EXISTS (
            SELECT 1 FROM pg_index WHERE indrelid = attrelid AND indisprimary AND attnum = ANY (indkey::int2[])
        ) AS is_key
        FROM pg_attribute
        JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname LIKE 'v\_voice\_%'
            AND attnum > 0 AND NOT attisdropped
    LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP DEFAULT', col.tablename, col.attname);
        IF NOT col.is_key THEN
            EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', col.tablename, col.attname);
        END IF;
    END LOOP;
END
$$;
