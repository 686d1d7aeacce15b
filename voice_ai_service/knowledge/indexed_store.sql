-- name: stamp
SELECT concat_ws('/', count(*), sum(document_version), max(update_date), max(insert_date))
FROM v_voice_documents WHERE domain_uuid = $1 AND document_status = 'ready'

-- name: models
SELECT DISTINCT embedding_model FROM v_voice_chunks WHERE domain_uuid = $1 AND embedding_model IS NOT NULL

-- name: chunks
-- Lengths are compared as arrays: with and without pgvector alike.
SELECT chunk.voice_chunk_uuid
FROM v_voice_chunks AS chunk
JOIN v_voice_documents AS document
    ON document.domain_uuid = chunk.domain_uuid AND document.voice_document_uuid = chunk.voice_document_uuid
    AND document.document_version = chunk.document_version
WHERE chunk.domain_uuid = $1 AND chunk.embedding_model = $2 AND document.document_status = 'ready'
    AND array_length(chunk.embedding::real[], 1) = $3

-- name: vectors
SELECT chunk.voice_chunk_uuid, chunk.embedding::real[] AS embedding
FROM v_voice_chunks AS chunk
JOIN v_voice_documents AS document
    ON document.domain_uuid = chunk.domain_uuid AND document.voice_document_uuid = chunk.voice_document_uuid
    AND document.document_version = chunk.document_version
WHERE chunk.domain_uuid = $1 AND chunk.embedding_model = $2 AND document.document_status = 'ready'
    AND array_length(chunk.embedding::real[], 1) = $3
    AND chunk.voice_chunk_uuid = ANY($4)
ORDER BY chunk.voice_chunk_uuid

-- name: alive
-- Which of these chunks the tenant still has, and may be told to this secretary's callers.
SELECT chunk.voice_chunk_uuid, chunk.voice_document_uuid
FROM v_voice_chunks AS chunk
JOIN v_voice_documents AS document
    ON document.domain_uuid = chunk.domain_uuid AND document.voice_document_uuid = chunk.voice_document_uuid
    AND document.document_version = chunk.document_version
WHERE chunk.voice_chunk_uuid = ANY($3) AND chunk.domain_uuid = $1 AND chunk.embedding_model = $2
    AND document.document_status = 'ready'
    AND ($4::uuid IS NULL OR document.voice_secretary_uuid IS NULL OR document.voice_secretary_uuid = $4)
