-- name: stamp
SELECT concat_ws('/', count(*), sum(document_version), max(update_date), max(insert_date))
FROM v_voice_documents WHERE domain_uuid = $1 AND document_status = 'ready'

-- name: vectors
SELECT chunk.voice_chunk_uuid, chunk.voice_document_uuid, document.voice_secretary_uuid,
    chunk.embedding::real[] AS embedding
FROM v_voice_chunks AS chunk
JOIN v_voice_documents AS document
    ON document.domain_uuid = chunk.domain_uuid AND document.voice_document_uuid = chunk.voice_document_uuid
    AND document.document_version = chunk.document_version
WHERE chunk.domain_uuid = $1 AND chunk.embedding_model = $2 AND chunk.embedding IS NOT NULL
    AND document.document_status = 'ready'
ORDER BY chunk.voice_chunk_uuid
