-- name: lock
-- One upload, deletion or tidying of a tenant at a time.
SELECT pg_advisory_xact_lock(hashtextextended('voice_ai documents ' || $1::text, 0));

-- name: find_same
-- The newest file of a document counts, ready or not.
SELECT document.voice_document_uuid
FROM v_voice_documents AS document LEFT JOIN v_voice_document_jobs AS job USING (domain_uuid, voice_document_uuid)
WHERE document.domain_uuid = $1 AND coalesce(job.document_hash, document.document_hash) = $2
    AND document.voice_secretary_uuid IS NOT DISTINCT FROM $3::uuid
LIMIT 1;

-- name: find_named
SELECT voice_document_uuid
FROM v_voice_documents
WHERE domain_uuid = $1 AND lower(document_name) = lower($2)
    AND voice_secretary_uuid IS NOT DISTINCT FROM $3::uuid
ORDER BY insert_date LIMIT 1;

-- name: count_all
SELECT count(*) FROM v_voice_documents WHERE domain_uuid = $1;

-- name: insert
INSERT INTO v_voice_documents (voice_document_uuid, domain_uuid, voice_secretary_uuid, document_name, document_type,
    document_hash, document_bytes, document_ref, document_language, document_status, document_version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $6, $8, 'pending', 1);

-- name: replace_unread
-- What has never been ready has nothing to keep.
UPDATE v_voice_documents
SET document_name = $3, document_type = $4, document_hash = $5, document_bytes = $6, document_ref = $5,
    document_language = $7, document_status = 'pending', document_progress = 0, document_error = NULL,
    update_date = now()
WHERE domain_uuid = $1 AND voice_document_uuid = $2 AND document_status <> 'ready';

-- name: queue_upload
-- Whoever works on an older file of this document finds its version gone and stops.
INSERT INTO v_voice_document_jobs (domain_uuid, voice_document_uuid, job_reason, document_version, document_type,
    document_hash, document_bytes, document_ref, document_language)
SELECT domain_uuid, voice_document_uuid, 'upload',
    CASE document_status WHEN 'ready' THEN document_version + 1 ELSE document_version END, $3, $4, $5, $4, $6
FROM v_voice_documents WHERE domain_uuid = $1 AND voice_document_uuid = $2
ON CONFLICT (voice_document_uuid) DO UPDATE
SET job_reason = 'upload', job_status = 'pending', job_progress = 0, job_error = NULL,
    document_version = greatest(v_voice_document_jobs.document_version + 1, excluded.document_version),
    document_type = excluded.document_type, document_hash = excluded.document_hash,
    document_bytes = excluded.document_bytes, document_ref = excluded.document_ref,
    document_language = excluded.document_language, attempt_count = 0, next_attempt_date = now(),
    claimed_until_date = NULL, update_date = now();

-- name: queue_reindex
-- A job that waits or works already uses today's model; one that failed is tried again with its own file.
INSERT INTO v_voice_document_jobs (domain_uuid, voice_document_uuid, job_reason, document_version, document_type,
    document_hash, document_bytes, document_ref, document_language)
SELECT domain_uuid, voice_document_uuid, 'reindex', document_version + 1, document_type, document_hash,
    document_bytes, document_ref, document_language
FROM v_voice_documents
WHERE domain_uuid = $1 AND ($2::uuid IS NULL OR voice_document_uuid = $2)
    AND ($3::text IS NULL OR embedding_model IS DISTINCT FROM $3)
ON CONFLICT (voice_document_uuid) DO UPDATE
SET job_status = 'pending', job_progress = 0, job_error = NULL, attempt_count = 0, next_attempt_date = now(),
    document_version = v_voice_document_jobs.document_version + 1, claimed_until_date = NULL, update_date = now()
WHERE v_voice_document_jobs.job_status = 'error' AND $3::text IS NULL;

-- name: reopen
UPDATE v_voice_documents
SET document_status = 'pending', document_progress = 0, document_error = NULL, update_date = now()
WHERE domain_uuid = $1 AND ($2::uuid IS NULL OR voice_document_uuid = $2) AND document_status = 'error';

-- name: find
SELECT document.*, job.job_reason, job.job_status, job.job_progress, job.job_error,
    job.document_type AS job_type, job.document_hash AS job_hash, job.document_bytes AS job_bytes,
    job.document_ref AS job_ref, chunks.chunk_count
FROM v_voice_documents AS document
LEFT JOIN v_voice_document_jobs AS job USING (domain_uuid, voice_document_uuid)
CROSS JOIN LATERAL (
    SELECT count(*) AS chunk_count FROM v_voice_chunks AS chunk
    WHERE chunk.voice_document_uuid = document.voice_document_uuid
        AND chunk.document_version = document.document_version AND document.document_status = 'ready'
) AS chunks
WHERE document.domain_uuid = $1 AND document.voice_document_uuid = $2;

-- name: page
SELECT document.*, job.job_reason, job.job_status, job.job_progress, job.job_error,
    job.document_type AS job_type, job.document_hash AS job_hash, job.document_bytes AS job_bytes,
    job.document_ref AS job_ref, chunks.chunk_count
FROM (
    SELECT one.* FROM v_voice_documents AS one
    LEFT JOIN v_voice_document_jobs AS its USING (domain_uuid, voice_document_uuid)
    WHERE one.domain_uuid = $1
        AND ($2::text IS NULL OR coalesce(its.job_status, one.document_status) = $2)
        AND ($3::uuid IS NULL OR one.voice_secretary_uuid IS NULL OR one.voice_secretary_uuid = $3)
        AND ($4::text IS NULL OR strpos(lower(one.document_name), lower($4)) > 0)
    ORDER BY one.insert_date DESC, one.voice_document_uuid
    LIMIT $5 OFFSET $6
) AS document
LEFT JOIN v_voice_document_jobs AS job USING (domain_uuid, voice_document_uuid)
CROSS JOIN LATERAL (
    SELECT count(*) AS chunk_count FROM v_voice_chunks AS chunk
    WHERE chunk.voice_document_uuid = document.voice_document_uuid
        AND chunk.document_version = document.document_version AND document.document_status = 'ready'
) AS chunks
ORDER BY document.insert_date DESC, document.voice_document_uuid;

-- name: count_page
SELECT count(*) FROM v_voice_documents AS one
LEFT JOIN v_voice_document_jobs AS its USING (domain_uuid, voice_document_uuid)
WHERE one.domain_uuid = $1
    AND ($2::text IS NULL OR coalesce(its.job_status, one.document_status) = $2)
    AND ($3::uuid IS NULL OR one.voice_secretary_uuid IS NULL OR one.voice_secretary_uuid = $3)
    AND ($4::text IS NULL OR strpos(lower(one.document_name), lower($4)) > 0);

-- name: chunks
SELECT chunk.chunk_index, chunk.chunk_text, chunk.chunk_heading, chunk.chunk_page, chunk.chunk_tokens,
    chunk.chunk_language, chunk.embedding_model, chunk.voice_chunk_uuid
FROM v_voice_chunks AS chunk
JOIN v_voice_documents AS document USING (domain_uuid, voice_document_uuid, document_version)
WHERE document.domain_uuid = $1 AND document.voice_document_uuid = $2 AND document.document_status = 'ready'
ORDER BY chunk.chunk_index
LIMIT $3 OFFSET $4;

-- name: delete
DELETE FROM v_voice_documents WHERE domain_uuid = $1 AND voice_document_uuid = $2;

-- name: delete_all
DELETE FROM v_voice_documents WHERE domain_uuid = $1;

-- name: refs
SELECT document.document_ref, job.document_ref AS job_ref
FROM v_voice_documents AS document LEFT JOIN v_voice_document_jobs AS job USING (domain_uuid, voice_document_uuid)
WHERE document.domain_uuid = $1 AND document.voice_document_uuid = $2;
