-- The few things the service must do before it knows a tenant, or for all of them. Each runs as the tables' owner,
-- past row-level security, and therefore answers one narrow question. Beside each stands what a service that was
-- taken over could do with it.

-- Who holds this token? Useless without the token itself: the hash is of 32 random bytes.
CREATE FUNCTION public.voice_ai_find_token(token_hash text)
RETURNS TABLE (voice_token_uuid uuid, domain_uuid uuid, token_scopes jsonb, expires_date timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT token.voice_token_uuid, token.domain_uuid, token.token_scopes, token.expires_date
    FROM public.v_voice_tokens AS token
    WHERE token.token_hash = voice_ai_find_token.token_hash
        AND token.token_enabled
        AND (token.expires_date IS NULL OR token.expires_date > now())
$$;

-- Writes the time of last use, at most once a minute. Could only make a token look used.
CREATE FUNCTION public.voice_ai_touch_token(token_uuid uuid)
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE public.v_voice_tokens AS token SET last_used_date = now()
    WHERE token.voice_token_uuid = token_uuid
        AND (token.last_used_date IS NULL OR token.last_used_date < now() - interval '1 minute')
$$;

CREATE FUNCTION public.voice_ai_pbx_token_exists()
RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (
        SELECT 1 FROM public.v_voice_tokens AS token
        WHERE token.domain_uuid = '00000000-0000-0000-0000-000000000000'
            AND token.token_enabled
            AND (token.expires_date IS NULL OR token.expires_date > now())
    )
$$;

-- The first token of an installation, which reaches every domain. Answers NULL and makes none while there is a
-- valid one, so that a service that was taken over cannot give itself another; more are the owner's to make.
CREATE FUNCTION public.voice_ai_insert_pbx_token(token_name text, token_hash text, token_hint text, token_scopes jsonb)
RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made uuid;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('voice_ai_insert_pbx_token'));
    IF public.voice_ai_pbx_token_exists() THEN
        RETURN NULL;
    END IF;
    INSERT INTO public.v_voice_tokens (domain_uuid, token_name, token_hash, token_hint, token_scopes)
    VALUES ('00000000-0000-0000-0000-000000000000', token_name, token_hash, token_hint, token_scopes)
    RETURNING voice_token_uuid INTO made;
    RETURN made;
END
$$;

-- A domain by its uuid or its name. Runs as the caller, who may read these columns anyway. domain_enabled is boolean
-- here and text in older releases of FusionPBX.
CREATE FUNCTION public.voice_ai_find_domain(wanted_uuid uuid, wanted_name text)
RETURNS TABLE (domain_uuid uuid, domain_name text, domain_enabled boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT domain.domain_uuid, domain.domain_name::text,
        coalesce(lower(domain.domain_enabled::text) IN ('true', 't', '1'), false)
    FROM public.v_domains AS domain
    WHERE (wanted_uuid IS NOT NULL OR wanted_name IS NOT NULL)
        AND (wanted_uuid IS NULL OR domain.domain_uuid = wanted_uuid)
        AND (wanted_name IS NULL OR lower(domain.domain_name::text) = lower(wanted_name))
    ORDER BY domain.domain_uuid
    LIMIT 1
$$;

-- The enabled domains that have a secretary. Names of tenants, which the service may read anyway.
CREATE FUNCTION public.voice_ai_domains()
RETURNS TABLE (domain_uuid uuid, domain_name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT domain.domain_uuid, domain.domain_name::text
    FROM public.v_domains AS domain
    WHERE lower(domain.domain_enabled::text) IN ('true', 't', '1')
        AND EXISTS (
            SELECT 1 FROM public.v_voice_secretaries AS secretary WHERE secretary.domain_uuid = domain.domain_uuid
        )
    ORDER BY domain.domain_uuid
$$;

-- Takes deliveries that are due and gives their uuids; what is in them is read as the tenant. One of each tenant
-- before the second of any, so that a tenant with a long backlog does not hold up the others. A service that was
-- taken over could delay deliveries by an hour.
CREATE FUNCTION public.voice_ai_claim_outbox(max_rows integer, lease_seconds integer)
RETURNS TABLE (domain_uuid uuid, voice_outbox_uuid uuid)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE tenants AS (
        (
            SELECT first.domain_uuid FROM public.v_voice_outbox AS first
            WHERE first.delivery_status = 'pending'
            ORDER BY first.domain_uuid LIMIT 1
        )
        UNION ALL
        SELECT (
            SELECT next.domain_uuid FROM public.v_voice_outbox AS next
            WHERE next.delivery_status = 'pending' AND next.domain_uuid > tenants.domain_uuid
            ORDER BY next.domain_uuid LIMIT 1
        )
        FROM tenants WHERE tenants.domain_uuid IS NOT NULL
    ), due AS (
        SELECT mine.voice_outbox_uuid, mine.next_attempt_date,
            row_number() OVER (PARTITION BY tenants.domain_uuid ORDER BY mine.next_attempt_date) AS place
        FROM tenants CROSS JOIN LATERAL (
            SELECT row.voice_outbox_uuid, row.next_attempt_date FROM public.v_voice_outbox AS row
            WHERE row.domain_uuid = tenants.domain_uuid AND row.delivery_status = 'pending'
                AND row.next_attempt_date <= now()
                AND (row.claimed_until_date IS NULL OR row.claimed_until_date <= now())
            ORDER BY row.next_attempt_date LIMIT least(max_rows, 1000)
        ) AS mine
    ), taken AS (
        SELECT row.voice_outbox_uuid
        FROM due JOIN public.v_voice_outbox AS row ON row.voice_outbox_uuid = due.voice_outbox_uuid
        -- Once more, on the locked row: another worker may have been here since.
        WHERE row.delivery_status = 'pending'
            AND (row.claimed_until_date IS NULL OR row.claimed_until_date <= now())
        ORDER BY due.place, due.next_attempt_date
        LIMIT least(max_rows, 1000)
        FOR UPDATE OF row SKIP LOCKED
    )
    UPDATE public.v_voice_outbox AS row
    SET claimed_until_date = now() + make_interval(secs => least(greatest(lease_seconds, 1), 3600))
    FROM taken WHERE row.voice_outbox_uuid = taken.voice_outbox_uuid
    RETURNING row.domain_uuid, row.voice_outbox_uuid
$$;

-- How much waits, and for how long the oldest of it. Two numbers.
CREATE FUNCTION public.voice_ai_outbox_depth()
RETURNS TABLE (pending_count bigint, dead_count bigint, oldest_pending_seconds double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT
        count(*) FILTER (WHERE row.delivery_status = 'pending'),
        count(*) FILTER (WHERE row.delivery_status = 'dead'),
        coalesce(extract(epoch FROM now() - min(row.insert_date) FILTER (WHERE row.delivery_status = 'pending')), 0)
    FROM public.v_voice_outbox AS row
    WHERE row.delivery_status <> 'delivered'
$$;

-- Calls nobody has heard of for a while. At least half a minute, so that it does not list the calls of this moment.
CREATE FUNCTION public.voice_ai_stale_calls(older_than interval)
RETURNS TABLE (domain_uuid uuid, call_uuid uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT live.domain_uuid, live.voice_live_call_uuid
    FROM public.v_voice_live_calls AS live
    WHERE live.seen_date < now() - greatest(older_than, interval '30 seconds')
    ORDER BY live.seen_date
    LIMIT 1000
$$;

DO $$
DECLARE
    door record;
BEGIN
    FOR door IN
        SELECT oid::regprocedure AS signature FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'voice\_ai\_%'
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', door.signature);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO voice_ai_service', door.signature);
    END LOOP;
END
$$;
