-- name: save_live_call
-- A state that is older than the journal's, or that comes after the call was stored, changes nothing.
INSERT INTO v_voice_live_calls (
    voice_live_call_uuid, domain_uuid, voice_secretary_uuid, call_state, turn_count, started_date, seen_date, insert_date
)
SELECT $1, $2, $3, $4::text::jsonb, $5, $6, now(), now()
WHERE NOT EXISTS (SELECT 1 FROM v_voice_conversations WHERE domain_uuid = $2 AND call_uuid = $1)
ON CONFLICT (voice_live_call_uuid) DO UPDATE SET
    call_state = excluded.call_state,
    turn_count = excluded.turn_count,
    seen_date = excluded.seen_date,
    update_date = now()
WHERE v_voice_live_calls.domain_uuid = excluded.domain_uuid
    AND v_voice_live_calls.turn_count <= excluded.turn_count;

-- name: is_known
SELECT EXISTS (SELECT 1 FROM v_voice_live_calls WHERE domain_uuid = $1 AND voice_live_call_uuid = $2)
    OR EXISTS (SELECT 1 FROM v_voice_conversations WHERE domain_uuid = $1 AND call_uuid = $2);

-- name: load_live_call
SELECT live.call_state, live.seen_date, ticket.call_ending
FROM v_voice_live_calls AS live
LEFT JOIN v_voice_stream_tickets AS ticket
    ON ticket.domain_uuid = live.domain_uuid AND ticket.voice_live_call_uuid = live.voice_live_call_uuid
WHERE live.domain_uuid = $1 AND live.voice_live_call_uuid = $2;

-- name: remove_live_call
DELETE FROM v_voice_live_calls WHERE domain_uuid = $1 AND voice_live_call_uuid = $2;

-- name: stale_calls
SELECT domain_uuid, call_uuid FROM voice_ai_stale_calls(make_interval(secs => $1));

-- name: count_live_calls
SELECT count(*) FROM v_voice_live_calls WHERE domain_uuid = $1;

-- name: list_live_calls
SELECT call_state FROM v_voice_live_calls WHERE domain_uuid = $1 ORDER BY started_date LIMIT 500;
