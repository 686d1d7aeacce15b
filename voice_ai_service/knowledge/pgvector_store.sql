-- name: nearest_exactly
SELECT chunk.voice_chunk_uuid, chunk.voice_document_uuid, 1 - (chunk.embedding <=> $2) AS similarity
FROM v_voice_chunks AS chunk
JOIN v_voice_documents AS document
    ON document.domain_uuid = chunk.domain_uuid AND document.voice_document_uuid = chunk.voice_document_uuid
    AND document.document_version = chunk.document_version
WHERE chunk.domain_uuid = $1 AND chunk.embedding_model = $3 AND document.document_status = 'ready'
    AND ($4::uuid IS NULL OR document.voice_secretary_uuid IS NULL OR document.voice_secretary_uuid = $4)
ORDER BY chunk.embedding <=> $2
LIMIT $5
