-- name: size
SELECT count(*) FROM (SELECT 1 FROM v_voice_chunks WHERE domain_uuid = $1 LIMIT $2) AS counted

-- name: plan_for_this_tenant
-- A plan for the average tenant joins the large one's documents to all of its chunks, one by one: minutes.
SET LOCAL plan_cache_mode = 'force_custom_plan'

-- name: nearest_exactly
-- Without the index's expression, so that no index gets in the way.
SELECT chunk.voice_chunk_uuid, chunk.voice_document_uuid, 1 - (chunk.embedding <=> $2) AS similarity
FROM v_voice_chunks AS chunk
JOIN v_voice_documents AS document
    ON document.domain_uuid = chunk.domain_uuid AND document.voice_document_uuid = chunk.voice_document_uuid
    AND document.document_version = chunk.document_version
WHERE chunk.domain_uuid = $1 AND chunk.embedding_model = $3 AND document.document_status = 'ready'
    AND ($4::uuid IS NULL OR document.voice_secretary_uuid IS NULL OR document.voice_secretary_uuid = $4)
ORDER BY chunk.embedding <=> $2
LIMIT $5

-- name: nearest_among
SELECT chunk.voice_chunk_uuid, chunk.voice_document_uuid, 1 - (chunk.embedding <=> $2) AS similarity
FROM v_voice_chunks AS chunk
JOIN v_voice_documents AS document
    ON document.domain_uuid = chunk.domain_uuid AND document.voice_document_uuid = chunk.voice_document_uuid
    AND document.document_version = chunk.document_version
WHERE chunk.voice_chunk_uuid = ANY($6) AND chunk.domain_uuid = $1 AND chunk.embedding_model = $3
    AND document.document_status = 'ready'
    AND ($4::uuid IS NULL OR document.voice_secretary_uuid IS NULL OR document.voice_secretary_uuid = $4)
ORDER BY chunk.embedding <=> $2
LIMIT $5

-- name: search_widely
-- An index over all tenants finds other tenants' chunks first: it goes on until there are enough of ours.
SET LOCAL hnsw.iterative_scan = 'strict_order';
SET LOCAL hnsw.ef_search = 400;
SET LOCAL hnsw.max_scan_tuples = 40000;
SET LOCAL enable_seqscan = off;
SET LOCAL plan_cache_mode = 'force_custom_plan'

-- name: nearest_by_index
-- {dimension} stands for a number: an index's predicate must be in the statement's text.
SELECT near.voice_chunk_uuid, near.voice_document_uuid, 1 - near.distance AS similarity
FROM (
    SELECT chunk.voice_chunk_uuid, chunk.voice_document_uuid, chunk.document_version,
        chunk.embedding::vector({dimension}) <=> $2 AS distance
    FROM v_voice_chunks AS chunk
    WHERE chunk.domain_uuid = $1 AND chunk.embedding_model = $3 AND vector_dims(chunk.embedding) = {dimension}
    ORDER BY chunk.embedding::vector({dimension}) <=> $2
    LIMIT 3 * $5
) AS near
JOIN v_voice_documents AS document
    ON document.domain_uuid = $1 AND document.voice_document_uuid = near.voice_document_uuid
    AND document.document_version = near.document_version
WHERE document.document_status = 'ready'
    AND ($4::uuid IS NULL OR document.voice_secretary_uuid IS NULL OR document.voice_secretary_uuid = $4)
ORDER BY near.distance
LIMIT $5
