DROP INDEX IF EXISTS v_voice_chunks_vectors_256_index;
DROP INDEX IF EXISTS v_voice_chunks_vectors_384_index;
DROP INDEX IF EXISTS v_voice_chunks_vectors_512_index;
DROP INDEX IF EXISTS v_voice_chunks_vectors_768_index;
DROP INDEX IF EXISTS v_voice_chunks_vectors_1024_index;
DROP INDEX IF EXISTS v_voice_chunks_vectors_1536_index;
DO $$
BEGIN
    IF to_regtype('vector') IS NOT NULL THEN
        ALTER TABLE v_voice_chunks ALTER COLUMN embedding SET STORAGE EXTERNAL;
    END IF;
END
$$;
