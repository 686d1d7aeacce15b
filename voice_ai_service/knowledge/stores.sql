-- name: embeddings_are_vectors
SELECT EXISTS (
    SELECT 1 FROM pg_attribute
    WHERE attrelid = 'v_voice_chunks'::regclass AND attname = 'embedding' AND NOT attisdropped
        AND atttypid = to_regtype('vector')
)
