DROP FUNCTION IF EXISTS public.voice_ai_renew_streams(text, uuid[], integer);
DROP FUNCTION IF EXISTS public.voice_ai_redeem_stream_ticket(uuid, text, text, integer);

CREATE OR REPLACE FUNCTION public.voice_ai_stale_calls(older_than interval)
RETURNS TABLE (domain_uuid uuid, call_uuid uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT live.domain_uuid, live.voice_live_call_uuid
    FROM public.v_voice_live_calls AS live
    WHERE live.seen_date < now() - greatest(older_than, interval '30 seconds')
    ORDER BY live.seen_date
    LIMIT 1000
$$;

DROP TABLE IF EXISTS v_voice_stream_tickets;
