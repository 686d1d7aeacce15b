-- Embeddings: pgvector's type where the extension is or can be had, else arrays that are compared in Python. The
-- type has no dimension, because that belongs to the embedding model and each tenant may choose one. A later
-- `voice-ai migrate` turns arrays into vectors once the extension is there.
DO $$
DECLARE
    kind text := 'real[]';
BEGIN
    BEGIN
        CREATE EXTENSION IF NOT EXISTS vector;
    EXCEPTION
        WHEN undefined_file OR feature_not_supported OR insufficient_privilege THEN
            RAISE NOTICE 'no pgvector (%): embeddings are kept as arrays', SQLERRM;
    END;
    IF to_regtype('vector') IS NOT NULL THEN
        kind := 'vector';
    END IF;
    EXECUTE format('ALTER TABLE v_voice_messages ADD COLUMN IF NOT EXISTS embedding %s', kind);
    EXECUTE format('ALTER TABLE v_voice_chunks ADD COLUMN IF NOT EXISTS embedding %s', kind);
END
$$;
