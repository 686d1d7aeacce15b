-- name: claim
SELECT domain_uuid, voice_document_uuid, document_version, attempt_count FROM voice_ai_claim_documents($1, $2, $3);

-- name: models
SELECT domain_uuid, embedding_model FROM voice_ai_document_models();

-- name: load
SELECT job.job_reason, job.document_ref, job.document_language
FROM v_voice_document_jobs AS job
WHERE job.domain_uuid = $1 AND job.voice_document_uuid = $2 AND job.document_version = $3 AND job.attempt_count = $4
    AND job.job_status = 'processing' AND job.claimed_until_date > now();

-- name: hold
-- Still ours? Version and try together belong to one worker.
SELECT 1 FROM v_voice_document_jobs
WHERE domain_uuid = $1 AND voice_document_uuid = $2 AND document_version = $3 AND attempt_count = $4
    AND job_status = 'processing'
FOR UPDATE;

-- name: beat
UPDATE v_voice_document_jobs
SET claimed_until_date = now() + make_interval(secs => $5), job_progress = $6, update_date = now()
WHERE domain_uuid = $1 AND voice_document_uuid = $2 AND document_version = $3 AND attempt_count = $4
    AND job_status = 'processing';

-- name: show_progress
UPDATE v_voice_documents SET document_status = 'processing', document_progress = $3
WHERE domain_uuid = $1 AND voice_document_uuid = $2 AND document_status <> 'ready';

-- name: drop_unfinished
-- What a worker left that did not come to its end, and nobody could find.
DELETE FROM v_voice_chunks AS chunk USING v_voice_documents AS document
WHERE chunk.domain_uuid = $1 AND chunk.voice_document_uuid = $2 AND document.domain_uuid = $1
    AND document.voice_document_uuid = $2
    AND (document.document_status <> 'ready' OR chunk.document_version <> document.document_version);

-- name: add_chunk
INSERT INTO v_voice_chunks (domain_uuid, voice_document_uuid, document_version, chunk_index, chunk_text,
    chunk_language, chunk_heading, chunk_page, chunk_tokens, embedding_model, embedding)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::real[]);

-- name: switch
UPDATE v_voice_documents AS document
SET document_status = 'ready', document_progress = 100, document_error = $5, document_version = $3,
    document_type = $6, document_hash = job.document_hash, document_bytes = job.document_bytes,
    document_ref = job.document_ref, document_language = $7, embedding_model = $8, embedding_dimension = $9,
    update_date = now()
FROM v_voice_document_jobs AS job
WHERE job.domain_uuid = $1 AND job.voice_document_uuid = $2 AND job.document_version = $3 AND job.attempt_count = $4
    AND job.job_status = 'processing'
    AND document.domain_uuid = $1 AND document.voice_document_uuid = $2;

-- name: drop_older
DELETE FROM v_voice_chunks WHERE domain_uuid = $1 AND voice_document_uuid = $2 AND document_version <> $3;

-- name: finish
DELETE FROM v_voice_document_jobs WHERE domain_uuid = $1 AND voice_document_uuid = $2;

-- name: retry
UPDATE v_voice_document_jobs
SET job_status = 'pending', next_attempt_date = now() + make_interval(secs => $5), claimed_until_date = NULL,
    job_error = $6, update_date = now()
WHERE domain_uuid = $1 AND voice_document_uuid = $2 AND document_version = $3 AND attempt_count = $4
    AND job_status = 'processing';

-- name: release
-- Nothing was wrong with the document: its try does not count.
UPDATE v_voice_document_jobs
SET job_status = 'pending', attempt_count = attempt_count - 1, claimed_until_date = NULL,
    next_attempt_date = now(), update_date = now()
WHERE domain_uuid = $1 AND voice_document_uuid = $2 AND document_version = $3 AND attempt_count = $4
    AND job_status = 'processing';

-- name: fail
UPDATE v_voice_document_jobs
SET job_status = 'error', job_error = $5, claimed_until_date = NULL, update_date = now()
WHERE domain_uuid = $1 AND voice_document_uuid = $2 AND document_version = $3 AND attempt_count = $4
    AND job_status = 'processing';

-- name: show_failure
UPDATE v_voice_documents SET document_status = 'error', document_error = $3, update_date = now()
WHERE domain_uuid = $1 AND voice_document_uuid = $2 AND document_status <> 'ready';

-- name: show_waiting
UPDATE v_voice_documents SET document_status = 'pending', document_error = $3
WHERE domain_uuid = $1 AND voice_document_uuid = $2 AND document_status = 'processing';
