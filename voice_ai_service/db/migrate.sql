-- name: lock
SELECT pg_advisory_lock($1);

-- name: bookkeeping
DO $$
BEGIN
    -- Looked up first: CREATE SCHEMA IF NOT EXISTS asks for the right to create even when there is nothing to do.
    IF to_regclass('voice_ai.migrations') IS NULL THEN
        CREATE SCHEMA IF NOT EXISTS voice_ai;
        CREATE TABLE voice_ai.migrations (
            version integer PRIMARY KEY,
            name text NOT NULL,
            checksum text NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now()
        );
    END IF;
END
$$;

-- name: has_bookkeeping
SELECT to_regclass('voice_ai.migrations') IS NOT NULL;

-- name: applied
SELECT version, checksum FROM voice_ai.migrations ORDER BY version;

-- name: record
INSERT INTO voice_ai.migrations (version, name, checksum) VALUES ($1, $2, $3);

-- name: forget
DELETE FROM voice_ai.migrations WHERE version = $1;

-- name: adopt_vectors
-- Embeddings that 0005 had to keep as arrays become vectors once somebody has installed pgvector.
DO $$
DECLARE
    kept record;
    dimension integer;
BEGIN
    IF to_regtype('vector') IS NULL THEN
        RETURN;
    END IF;
    FOR kept IN
        SELECT table_name FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name IN ('v_voice_messages', 'v_voice_chunks')
            AND column_name = 'embedding' AND data_type = 'ARRAY'
    LOOP
        EXECUTE format('ALTER TABLE %I ALTER COLUMN embedding TYPE vector USING embedding::vector', kept.table_name);
        CONTINUE WHEN kept.table_name <> 'v_voice_chunks'
            OR NOT EXISTS (SELECT 1 FROM voice_ai.migrations WHERE name = 'vector_indexes');
        FOREACH dimension IN ARRAY ARRAY[256, 384, 512, 768, 1024, 1536] LOOP
            EXECUTE format(
                'CREATE INDEX IF NOT EXISTS v_voice_chunks_vectors_%1$s_index ON v_voice_chunks '
                'USING hnsw ((embedding::vector(%1$s)) vector_cosine_ops) WHERE vector_dims(embedding) = %1$s', dimension);
        END LOOP;
    END LOOP;
END
$$;
