-- What is to be done to a document, at most one thing at a time: a new file or new vectors. The document itself stays
-- as it is, and answers as it did, until the work is done: then both change in one transaction, and the row goes.
CREATE TABLE IF NOT EXISTS v_voice_document_jobs (voice_document_job_uuid uuid PRIMARY KEY);
ALTER TABLE v_voice_document_jobs
    ADD COLUMN IF NOT EXISTS domain_uuid uuid,
    ADD COLUMN IF NOT EXISTS voice_document_uuid uuid,
    ADD COLUMN IF NOT EXISTS job_reason text,             -- upload | reindex
    ADD COLUMN IF NOT EXISTS job_status text,             -- pending | processing | error
    ADD COLUMN IF NOT EXISTS job_progress numeric,        -- percent
    ADD COLUMN IF NOT EXISTS job_error text,              -- and what the administrator can do
    ADD COLUMN IF NOT EXISTS document_version numeric,    -- that the new chunks are written under
    ADD COLUMN IF NOT EXISTS document_type text,
    ADD COLUMN IF NOT EXISTS document_hash text,
    ADD COLUMN IF NOT EXISTS document_bytes numeric,
    ADD COLUMN IF NOT EXISTS document_ref text,
    ADD COLUMN IF NOT EXISTS document_language text,      -- NULL: find out
    ADD COLUMN IF NOT EXISTS attempt_count numeric,
    ADD COLUMN IF NOT EXISTS next_attempt_date timestamptz,
    ADD COLUMN IF NOT EXISTS claimed_until_date timestamptz,
    ADD COLUMN IF NOT EXISTS insert_date timestamptz,
    ADD COLUMN IF NOT EXISTS insert_user uuid,
    ADD COLUMN IF NOT EXISTS update_date timestamptz,
    ADD COLUMN IF NOT EXISTS update_user uuid;

-- FusionPBX makes tables without keys.
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM pg_constraint WHERE conrelid = 'public.v_voice_document_jobs'::regclass AND contype = 'p'
    ) THEN
        ALTER TABLE public.v_voice_document_jobs ADD PRIMARY KEY (voice_document_job_uuid);
    END IF;
END
$$;

ALTER TABLE v_voice_document_jobs
    ALTER COLUMN voice_document_job_uuid SET DEFAULT gen_random_uuid(),
    ALTER COLUMN domain_uuid SET NOT NULL,
    ALTER COLUMN voice_document_uuid SET NOT NULL,
    ALTER COLUMN job_reason SET NOT NULL,
    ALTER COLUMN job_status SET NOT NULL,
    ALTER COLUMN job_status SET DEFAULT 'pending',
    ALTER COLUMN job_progress SET NOT NULL,
    ALTER COLUMN job_progress SET DEFAULT 0,
    ALTER COLUMN document_version SET NOT NULL,
    ALTER COLUMN attempt_count SET NOT NULL,
    ALTER COLUMN attempt_count SET DEFAULT 0,
    ALTER COLUMN next_attempt_date SET NOT NULL,
    ALTER COLUMN next_attempt_date SET DEFAULT now(),
    ALTER COLUMN insert_date SET NOT NULL,
    ALTER COLUMN insert_date SET DEFAULT now(),
    ADD CONSTRAINT v_voice_document_jobs_domain_check
        CHECK (domain_uuid <> '00000000-0000-0000-0000-000000000000'),
    ADD CONSTRAINT v_voice_document_jobs_reason_check CHECK (job_reason IN ('upload', 'reindex')),
    ADD CONSTRAINT v_voice_document_jobs_status_check CHECK (job_status IN ('pending', 'processing', 'error')),
    ADD CONSTRAINT v_voice_document_jobs_document_key UNIQUE (voice_document_uuid),
    ADD CONSTRAINT v_voice_document_jobs_document_fkey FOREIGN KEY (domain_uuid, voice_document_uuid)
        REFERENCES v_voice_documents (domain_uuid, voice_document_uuid) ON DELETE CASCADE;

CREATE INDEX v_voice_document_jobs_due_index ON v_voice_document_jobs (domain_uuid, next_attempt_date)
    WHERE job_status <> 'error';

ALTER TABLE v_voice_document_jobs ENABLE ROW LEVEL SECURITY;
CREATE POLICY voice_ai_tenant ON v_voice_document_jobs TO voice_ai_service
    USING (domain_uuid = nullif(current_setting('voice_ai.domain_uuid', true), '')::uuid
        AND domain_uuid <> '00000000-0000-0000-0000-000000000000')
    WITH CHECK (domain_uuid = nullif(current_setting('voice_ai.domain_uuid', true), '')::uuid
        AND domain_uuid <> '00000000-0000-0000-0000-000000000000');
GRANT SELECT, INSERT, UPDATE, DELETE ON v_voice_document_jobs TO voice_ai_service;

-- Takes documents whose work is due: the longest waiting one of each tenant, but of none in `busy`, which this worker is
-- at work for already; so no tenant's pile holds up the others. Gives no more than whose they are and which try this
-- is; what is in them is read as the tenant. Every taking counts: a document that kills its worker comes to an end too.
-- A service that was taken over could delay documents by an hour, or use up their tries.
CREATE FUNCTION public.voice_ai_claim_documents(max_rows integer, lease_seconds integer, busy uuid[])
RETURNS TABLE (domain_uuid uuid, voice_document_uuid uuid, document_version numeric, attempt_count numeric)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH due AS (
        SELECT DISTINCT ON (row.domain_uuid) row.voice_document_job_uuid, row.next_attempt_date
        FROM public.v_voice_document_jobs AS row
        WHERE row.job_status <> 'error' AND row.next_attempt_date <= now()
            AND (row.claimed_until_date IS NULL OR row.claimed_until_date <= now())
            AND row.domain_uuid <> ALL (busy)
        ORDER BY row.domain_uuid, row.next_attempt_date
    ), taken AS (
        SELECT row.voice_document_job_uuid
        FROM due JOIN public.v_voice_document_jobs AS row USING (voice_document_job_uuid)
        -- Once more, on the locked row: another worker may have been here since.
        WHERE row.job_status <> 'error'
            AND (row.claimed_until_date IS NULL OR row.claimed_until_date <= now())
        ORDER BY due.next_attempt_date
        LIMIT least(max_rows, 100)
        FOR UPDATE OF row SKIP LOCKED
    )
    UPDATE public.v_voice_document_jobs AS row
    SET job_status = 'processing', attempt_count = row.attempt_count + 1,
        claimed_until_date = now() + make_interval(secs => least(greatest(lease_seconds, 1), 3600))
    FROM taken WHERE row.voice_document_job_uuid = taken.voice_document_job_uuid
    RETURNING row.domain_uuid, row.voice_document_uuid, row.document_version, row.attempt_count
$$;

-- Which embedding models the tenants' documents have that nothing is being done to. Names of models.
CREATE FUNCTION public.voice_ai_document_models()
RETURNS TABLE (domain_uuid uuid, embedding_model text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT DISTINCT document.domain_uuid, document.embedding_model
    FROM public.v_voice_documents AS document
    WHERE document.document_status = 'ready' AND NOT EXISTS (
        SELECT 1 FROM public.v_voice_document_jobs AS job
        WHERE job.voice_document_uuid = document.voice_document_uuid
    )
    ORDER BY document.domain_uuid
$$;

REVOKE ALL ON FUNCTION public.voice_ai_claim_documents(integer, integer, uuid[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION public.voice_ai_document_models() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.voice_ai_claim_documents(integer, integer, uuid[]) TO voice_ai_service;
GRANT EXECUTE ON FUNCTION public.voice_ai_document_models() TO voice_ai_service;
