-- name: insert_conversation
-- The first statement of a save: whoever comes second waits here for the first one's commit, and then stores nothing.
INSERT INTO v_voice_conversations (
    voice_conversation_uuid, domain_uuid, call_uuid, voice_secretary_uuid, secretary_name, secretary_version,
    conversation_mode, caller_number, called_number, language, started_date, answered_date, ended_date, duration_ms,
    turn_count, resolution, end_reason, hangup_cause, transferred_to, message_text, message_audio_ref, recording_ref,
    latency, providers, prompt_tokens, completion_tokens, cost_cents, insert_date
) VALUES (
    -- A secretary that was deleted during the call must not take the call with it.
    gen_random_uuid(), $1, $2,
    (SELECT voice_secretary_uuid FROM v_voice_secretaries WHERE domain_uuid = $1 AND voice_secretary_uuid = $3), $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
    $22, $23, $24, $25, $26, now()
)
ON CONFLICT (domain_uuid, call_uuid) DO NOTHING
RETURNING voice_conversation_uuid;

-- name: find_by_call
SELECT voice_conversation_uuid FROM v_voice_conversations WHERE domain_uuid = $1 AND call_uuid = $2;

-- name: link_caller
WITH caller AS (
    INSERT INTO v_voice_callers (
        voice_caller_uuid, domain_uuid, caller_number, first_call_date, last_call_date, call_count, insert_date
    ) VALUES (gen_random_uuid(), $1, $3, $4, $4, 1, now())
    ON CONFLICT (domain_uuid, caller_number) DO UPDATE SET
        first_call_date = least(v_voice_callers.first_call_date, excluded.first_call_date),
        last_call_date = greatest(v_voice_callers.last_call_date, excluded.last_call_date),
        call_count = coalesce(v_voice_callers.call_count, 0) + 1,
        update_date = now()
    RETURNING voice_caller_uuid
)
UPDATE v_voice_conversations SET voice_caller_uuid = caller.voice_caller_uuid
FROM caller
WHERE domain_uuid = $1 AND voice_conversation_uuid = $2;

-- name: insert_messages
INSERT INTO v_voice_messages (
    voice_message_uuid, domain_uuid, voice_conversation_uuid, message_index, turn_number, speaker, message_text,
    heard_text, language, confidence, digits, message_date, audio_ref, audio_ms, played_ms, barged_in, action, intent,
    latency, providers, prompt_tokens, completion_tokens, sources, tools, embedding_model, embedding, insert_date
)
SELECT gen_random_uuid(), $1, $2, message_index, turn_number, speaker, message_text,
    heard_text, language, confidence, digits, message_date, audio_ref, audio_ms, played_ms, barged_in, action, intent,
    latency, providers, prompt_tokens, completion_tokens, sources, tools, embedding_model,
    -- The vectors' numbers come beside the rows, in one text that is read once: as parameters or inside the rows they
    -- would cost more than all else in a call's end.
    ((SELECT $4::text::real[]))[embedding_first:embedding_last], now()
FROM jsonb_to_recordset($3) AS message (
    message_index numeric, turn_number numeric, speaker text, message_text text, heard_text text, language text,
    confidence numeric, digits text, message_date timestamptz, audio_ref text, audio_ms numeric, played_ms numeric,
    barged_in boolean, action text, intent text, latency jsonb, providers jsonb, prompt_tokens numeric,
    completion_tokens numeric, sources jsonb, tools jsonb, embedding_model text,
    embedding_first integer, embedding_last integer
);

-- name: add_usage
INSERT INTO v_voice_usage (
    voice_usage_uuid, domain_uuid, usage_day, provider_kind, provider_name, provider_model, request_count, unit_count,
    cost_cents, insert_date
)
SELECT gen_random_uuid(), $1, usage_day, provider_kind, provider_name, provider_model, request_count, unit_count,
    coalesce(cost_cents, 0), now()
FROM jsonb_to_recordset($2) AS used (
    usage_day date, provider_kind text, provider_name text, provider_model text, request_count numeric,
    unit_count numeric, cost_cents numeric
)
ORDER BY usage_day, provider_kind, provider_name, provider_model
ON CONFLICT (domain_uuid, usage_day, provider_kind, provider_name, provider_model) DO UPDATE SET
    request_count = v_voice_usage.request_count + excluded.request_count,
    unit_count = v_voice_usage.unit_count + excluded.unit_count,
    cost_cents = v_voice_usage.cost_cents + excluded.cost_cents,
    update_date = now();

-- name: remove_live_call
DELETE FROM v_voice_live_calls WHERE domain_uuid = $1 AND voice_live_call_uuid = $2;

-- name: audio_refs
SELECT conversation.message_audio_ref, conversation.recording_ref,
    ARRAY(
        SELECT message.audio_ref FROM v_voice_messages AS message
        WHERE message.domain_uuid = $1 AND message.audio_ref IS NOT NULL
            AND message.voice_conversation_uuid = conversation.voice_conversation_uuid
    ) AS audio_refs
FROM v_voice_conversations AS conversation
WHERE conversation.domain_uuid = $1 AND conversation.call_uuid = $2;

-- name: list_conversations
SELECT conversation.*
FROM v_voice_conversations AS conversation
WHERE conversation.domain_uuid = $1
    AND ($2::timestamptz IS NULL OR started_date >= $2)
    AND ($3::timestamptz IS NULL OR started_date < $3)
    AND ($4::text IS NULL OR caller_number = $4)
    AND ($5::uuid IS NULL OR voice_secretary_uuid = $5)
    AND ($6::text IS NULL OR resolution = $6)
    AND ($7::text IS NULL OR EXISTS (
        SELECT 1 FROM v_voice_messages AS message
        WHERE message.domain_uuid = $1
            AND message.voice_conversation_uuid = conversation.voice_conversation_uuid
            AND message.message_text ILIKE $7
    ))
    AND ($8::timestamptz IS NULL OR (started_date, voice_conversation_uuid) < ($8, $9::uuid))
ORDER BY started_date DESC, voice_conversation_uuid DESC
LIMIT $10;

-- name: find_conversation
SELECT * FROM v_voice_conversations WHERE domain_uuid = $1 AND voice_conversation_uuid = $2;

-- name: list_messages
SELECT * FROM v_voice_messages
WHERE domain_uuid = $1 AND voice_conversation_uuid = $2
ORDER BY message_index;
