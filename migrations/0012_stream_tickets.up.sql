-- A call that waits for its audio socket, or has one: the one-use ticket that opens it, which bridge process serves the
-- call, and what the PBX said of its end. Written with the call's state, and gone with it.
CREATE TABLE IF NOT EXISTS v_voice_stream_tickets (voice_stream_ticket_uuid uuid PRIMARY KEY);
ALTER TABLE v_voice_stream_tickets
    ADD COLUMN IF NOT EXISTS domain_uuid uuid,
    ADD COLUMN IF NOT EXISTS voice_live_call_uuid uuid,
    ADD COLUMN IF NOT EXISTS channel_uuid uuid,           -- FreeSWITCH's; differs from the call's on a second visit
    ADD COLUMN IF NOT EXISTS ticket_hash text,            -- sha256, hex
    ADD COLUMN IF NOT EXISTS stream_options jsonb,        -- rate, channels, way back, who controls the call
    ADD COLUMN IF NOT EXISTS expires_date timestamptz,
    ADD COLUMN IF NOT EXISTS redeemed_date timestamptz,
    ADD COLUMN IF NOT EXISTS served_by text,              -- the bridge process, for the log and its renewals
    ADD COLUMN IF NOT EXISTS served_until_date timestamptz,  -- later than now: that process lives and will store the call
    ADD COLUMN IF NOT EXISTS ended_date timestamptz,      -- when the PBX said that the call is over
    ADD COLUMN IF NOT EXISTS call_ending jsonb,           -- how, in the PBX's words
    ADD COLUMN IF NOT EXISTS insert_date timestamptz,
    ADD COLUMN IF NOT EXISTS insert_user uuid,
    ADD COLUMN IF NOT EXISTS update_date timestamptz,
    ADD COLUMN IF NOT EXISTS update_user uuid;

-- FusionPBX makes tables without keys.
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM pg_constraint WHERE conrelid = 'public.v_voice_stream_tickets'::regclass AND contype = 'p'
    ) THEN
        ALTER TABLE public.v_voice_stream_tickets ADD PRIMARY KEY (voice_stream_ticket_uuid);
    END IF;
END
$$;

ALTER TABLE v_voice_stream_tickets
    ALTER COLUMN voice_stream_ticket_uuid SET DEFAULT gen_random_uuid(),
    ALTER COLUMN domain_uuid SET NOT NULL,
    ALTER COLUMN voice_live_call_uuid SET NOT NULL,
    ALTER COLUMN channel_uuid SET NOT NULL,
    ALTER COLUMN ticket_hash SET NOT NULL,
    ALTER COLUMN stream_options SET NOT NULL,
    ALTER COLUMN stream_options SET DEFAULT '{}'::jsonb,
    ALTER COLUMN expires_date SET NOT NULL,
    ALTER COLUMN insert_date SET NOT NULL,
    ALTER COLUMN insert_date SET DEFAULT now(),
    ADD CONSTRAINT v_voice_stream_tickets_domain_check
        CHECK (domain_uuid <> '00000000-0000-0000-0000-000000000000'),
    ADD CONSTRAINT v_voice_stream_tickets_hash_check CHECK (ticket_hash ~ '^[0-9a-f]{64}$'),
    ADD CONSTRAINT v_voice_stream_tickets_hash_key UNIQUE (ticket_hash),
    ADD CONSTRAINT v_voice_stream_tickets_options_check CHECK (jsonb_typeof(stream_options) = 'object'),
    ADD CONSTRAINT v_voice_stream_tickets_call_key UNIQUE (domain_uuid, voice_live_call_uuid),
    ADD CONSTRAINT v_voice_stream_tickets_call_fkey FOREIGN KEY (domain_uuid, voice_live_call_uuid)
        REFERENCES v_voice_live_calls (domain_uuid, voice_live_call_uuid) ON DELETE CASCADE;

CREATE INDEX v_voice_stream_tickets_served_index ON v_voice_stream_tickets (served_by) WHERE served_by IS NOT NULL;

ALTER TABLE v_voice_stream_tickets ENABLE ROW LEVEL SECURITY;
CREATE POLICY voice_ai_tenant ON v_voice_stream_tickets TO voice_ai_service
    USING (domain_uuid = nullif(current_setting('voice_ai.domain_uuid', true), '')::uuid
        AND domain_uuid <> '00000000-0000-0000-0000-000000000000')
    WITH CHECK (domain_uuid = nullif(current_setting('voice_ai.domain_uuid', true), '')::uuid
        AND domain_uuid <> '00000000-0000-0000-0000-000000000000');
GRANT SELECT, INSERT, UPDATE, DELETE ON v_voice_stream_tickets TO voice_ai_service;

-- Opens the socket of one call, once. Answers with no row to whoever has not the ticket itself, which is 32 random
-- bytes; otherwise with whose call it is and what came of it: redeemed | used | over | expired. What is known of the
-- call is then read as the tenant. A service that was taken over could use up tickets that it knows.
CREATE FUNCTION public.voice_ai_redeem_stream_ticket(
    wanted_call uuid, wanted_hash text, process text, lease_seconds integer
)
RETURNS TABLE (domain_uuid uuid, outcome text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ticket public.v_voice_stream_tickets;
BEGIN
    SELECT mine.* INTO ticket FROM public.v_voice_stream_tickets AS mine
    WHERE mine.ticket_hash = wanted_hash AND mine.voice_live_call_uuid = wanted_call
    FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    domain_uuid := ticket.domain_uuid;
    outcome := CASE
        WHEN ticket.redeemed_date IS NOT NULL THEN 'used'
        WHEN ticket.ended_date IS NOT NULL THEN 'over'
        WHEN ticket.expires_date <= clock_timestamp() THEN 'expired'
        ELSE 'redeemed'
    END;
    IF outcome = 'redeemed' THEN
        UPDATE public.v_voice_stream_tickets AS mine
        SET redeemed_date = clock_timestamp(), served_by = process,
            served_until_date = clock_timestamp() + make_interval(secs => least(greatest(lease_seconds, 1), 300))
        WHERE mine.voice_stream_ticket_uuid = ticket.voice_stream_ticket_uuid;
    END IF;
    RETURN NEXT;
END
$$;

-- A bridge process says which calls it still serves, all at once. A service that was taken over could keep calls from
-- being closed that nobody serves any more, five minutes at a time.
CREATE FUNCTION public.voice_ai_renew_streams(process text, calls uuid[], lease_seconds integer)
RETURNS integer
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH renewed AS (
        UPDATE public.v_voice_stream_tickets AS ticket
        SET served_until_date = clock_timestamp() + make_interval(secs => least(greatest(lease_seconds, 1), 300))
        WHERE ticket.served_by = process AND ticket.voice_live_call_uuid = ANY (calls)
        RETURNING 1
    )
    SELECT count(*)::integer FROM renewed
$$;

-- As in 0007, and: a call that a living bridge serves is not stale however long nobody wrote of it; one whose end the
-- PBX told and that no bridge serves any more is stale at once; and the bridge's last sign of life counts as well.
CREATE OR REPLACE FUNCTION public.voice_ai_stale_calls(older_than interval)
RETURNS TABLE (domain_uuid uuid, call_uuid uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT live.domain_uuid, live.voice_live_call_uuid
    FROM public.v_voice_live_calls AS live
    LEFT JOIN public.v_voice_stream_tickets AS ticket
        ON ticket.domain_uuid = live.domain_uuid AND ticket.voice_live_call_uuid = live.voice_live_call_uuid
    WHERE (ticket.served_until_date IS NULL OR ticket.served_until_date <= now())
        AND (ticket.ended_date < now() - interval '5 seconds'
            OR greatest(live.seen_date, ticket.served_until_date)
                < now() - greatest(older_than, interval '30 seconds'))
    ORDER BY live.seen_date
    LIMIT 1000
$$;

REVOKE ALL ON FUNCTION public.voice_ai_redeem_stream_ticket(uuid, text, text, integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION public.voice_ai_renew_streams(text, uuid[], integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.voice_ai_redeem_stream_ticket(uuid, text, text, integer) TO voice_ai_service;
GRANT EXECUTE ON FUNCTION public.voice_ai_renew_streams(text, uuid[], integer) TO voice_ai_service;
