-- name: domains
SELECT domain_uuid FROM v_domains ORDER BY domain_uuid;

-- name: retention_days
SELECT setting_value FROM v_voice_settings
WHERE domain_uuid = $1 AND setting_category = 'retention' AND setting_name = 'days';

-- name: old_conversations
SELECT voice_conversation_uuid, call_uuid FROM v_voice_conversations
WHERE domain_uuid = $1 AND started_date < $2
ORDER BY started_date LIMIT $3;

-- name: conversations_of_caller
SELECT voice_conversation_uuid, call_uuid FROM v_voice_conversations
WHERE domain_uuid = $1
    AND (caller_number = $2 OR voice_caller_uuid IN (
        SELECT voice_caller_uuid FROM v_voice_callers WHERE domain_uuid = $1 AND caller_number = $2
    ))
LIMIT $3;

-- name: live_calls_of_caller
SELECT voice_live_call_uuid AS call_uuid FROM v_voice_live_calls
WHERE domain_uuid = $1 AND call_state ->> 'caller_number' = $2;

-- name: delete_live_calls
DELETE FROM v_voice_live_calls WHERE domain_uuid = $1 AND voice_live_call_uuid = ANY ($2::uuid[]);

-- name: delete_events_of_calls
-- Those that wait for delivery too: what is erased here is not told elsewhere afterwards.
DELETE FROM v_voice_outbox
WHERE domain_uuid = $1
    AND coalesce(event_payload ->> 'call_uuid', event_payload -> 'data' ->> 'call_uuid') = ANY ($2::text[]);

-- name: delete_old_events
DELETE FROM v_voice_outbox WHERE domain_uuid = $1 AND insert_date < $2 AND delivery_status <> 'pending';

-- name: count_messages
SELECT count(*) FROM v_voice_messages WHERE domain_uuid = $1 AND voice_conversation_uuid = ANY ($2::uuid[]);

-- name: delete_conversations
-- Messages and their vectors go with them (foreign key).
DELETE FROM v_voice_conversations WHERE domain_uuid = $1 AND voice_conversation_uuid = ANY ($2::uuid[]);

-- name: delete_old_callers
DELETE FROM v_voice_callers AS caller
WHERE caller.domain_uuid = $1 AND caller.last_call_date < $2
    AND NOT EXISTS (
        SELECT 1 FROM v_voice_conversations AS conversation
        WHERE conversation.domain_uuid = $1 AND conversation.voice_caller_uuid = caller.voice_caller_uuid
    );

-- name: delete_caller
DELETE FROM v_voice_callers WHERE domain_uuid = $1 AND caller_number = $2;

-- name: delete_old_tickets
-- They go with their call. This is for a call that stays: nobody opens its socket with a ticket that ran out.
DELETE FROM v_voice_stream_tickets
WHERE domain_uuid = $1 AND redeemed_date IS NULL AND ended_date IS NULL AND expires_date < now() - interval '1 day';
