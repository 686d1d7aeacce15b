-- name: issue_ticket
-- Again for a set-up that is repeated because its answer got lost; never for a call that has its socket already.
INSERT INTO v_voice_stream_tickets AS ticket (
    domain_uuid, voice_live_call_uuid, channel_uuid, ticket_hash, stream_options, expires_date
) VALUES ($1, $2, $3, $4, $5, clock_timestamp() + make_interval(secs => $6))
ON CONFLICT (domain_uuid, voice_live_call_uuid) DO UPDATE SET
    channel_uuid = excluded.channel_uuid,
    ticket_hash = excluded.ticket_hash,
    stream_options = excluded.stream_options,
    expires_date = excluded.expires_date,
    update_date = now()
WHERE ticket.redeemed_date IS NULL AND ticket.ended_date IS NULL;

-- name: redeem_ticket
SELECT domain_uuid, outcome FROM voice_ai_redeem_stream_ticket($1, $2, $3, $4);

-- name: read_ticket
SELECT ticket.channel_uuid, ticket.stream_options, live.call_state
FROM v_voice_stream_tickets AS ticket
JOIN v_voice_live_calls AS live
    ON live.domain_uuid = ticket.domain_uuid AND live.voice_live_call_uuid = ticket.voice_live_call_uuid
WHERE ticket.domain_uuid = $1 AND ticket.voice_live_call_uuid = $2;

-- name: renew_streams
SELECT voice_ai_renew_streams($1, $2::uuid[], $3);

-- name: let_go
UPDATE v_voice_stream_tickets SET served_until_date = clock_timestamp(), served_by = NULL
WHERE domain_uuid = $1 AND voice_live_call_uuid = $2 AND served_by = $3;

-- name: is_taken
SELECT EXISTS (
    SELECT 1 FROM v_voice_stream_tickets
    WHERE domain_uuid = $1 AND voice_live_call_uuid = $2 AND (redeemed_date IS NOT NULL OR ended_date IS NOT NULL)
);

-- name: withdraw_ticket
DELETE FROM v_voice_stream_tickets
WHERE domain_uuid = $1 AND voice_live_call_uuid = $2 AND redeemed_date IS NULL;

-- name: note_ending
-- The first word counts. From here on nobody opens the call's socket any more.
UPDATE v_voice_stream_tickets SET
    ended_date = coalesce(ended_date, clock_timestamp()),
    call_ending = coalesce(call_ending, $3),
    update_date = now()
WHERE domain_uuid = $1 AND voice_live_call_uuid = $2
RETURNING coalesce(served_until_date > clock_timestamp(), false) AS is_served;
