-- Approximate search for tenants with many chunks. A vector's dimension belongs to its model, and an index has one: so
-- there is one for each dimension that common models have, empty until somebody uses it. Other dimensions are searched
-- exactly. Where pgvector comes later, `voice-ai migrate` makes them (adopt_vectors).
DO $$
DECLARE
    dimension integer;
BEGIN
    IF to_regtype('vector') IS NULL THEN
        RETURN;
    END IF;
    -- In the row itself: comparing a small tenant's vectors one by one must not fetch each from elsewhere.
    ALTER TABLE v_voice_chunks ALTER COLUMN embedding SET STORAGE MAIN;
    FOREACH dimension IN ARRAY ARRAY[256, 384, 512, 768, 1024, 1536] LOOP
        EXECUTE format(
            'CREATE INDEX IF NOT EXISTS v_voice_chunks_vectors_%1$s_index ON v_voice_chunks '
            'USING hnsw ((embedding::vector(%1$s)) vector_cosine_ops) WHERE vector_dims(embedding) = %1$s', dimension);
    END LOOP;
END
$$;
