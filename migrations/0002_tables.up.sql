-- Every table exists twice: here and in fusionpbx_app/voice_secretary/app_config.php, whichever ran first.
-- FusionPBX cannot declare NOT NULL, defaults or constraints, so columns are added one by one where they are
-- missing and tightened afterwards (0003). Names, types and the audit columns follow FusionPBX.

CREATE TABLE IF NOT EXISTS v_voice_providers (voice_provider_uuid uuid PRIMARY KEY);
ALTER TABLE v_voice_providers
    ADD COLUMN IF NOT EXISTS domain_uuid uuid,
    ADD COLUMN IF NOT EXISTS provider_kind text,          -- stt | tts | llm | embeddings | realtime
    ADD COLUMN IF NOT EXISTS provider_name text,          -- the registry's name: openai, anthropic, whisper ...
    ADD COLUMN IF NOT EXISTS provider_label text,
    ADD COLUMN IF NOT EXISTS provider_settings jsonb,     -- model, base_url, voice ...; never a secret
    ADD COLUMN IF NOT EXISTS provider_secret text,        -- libsodium sealed box, base64; only the service opens it
    ADD COLUMN IF NOT EXISTS provider_priority numeric,
    ADD COLUMN IF NOT EXISTS provider_enabled boolean,
    ADD COLUMN IF NOT EXISTS insert_date timestamptz,
    ADD COLUMN IF NOT EXISTS insert_user uuid,
    ADD COLUMN IF NOT EXISTS update_date timestamptz,
    ADD COLUMN IF NOT EXISTS update_user uuid;

CREATE TABLE IF NOT EXISTS v_voice_secretaries (voice_secretary_uuid uuid PRIMARY KEY);
ALTER TABLE v_voice_secretaries
    ADD COLUMN IF NOT EXISTS domain_uuid uuid,
    ADD COLUMN IF NOT EXISTS dialplan_uuid uuid,          -- FusionPBX's row in v_dialplans
    ADD COLUMN IF NOT EXISTS secretary_name text,
    ADD COLUMN IF NOT EXISTS secretary_extension text,
    ADD COLUMN IF NOT EXISTS secretary_mode text,         -- turn | realtime | auto
    ADD COLUMN IF NOT EXISTS secretary_settings jsonb,    -- the draft; calls.secretary.SecretarySettings
    ADD COLUMN IF NOT EXISTS published_version numeric,   -- NULL: never published, does not answer
    ADD COLUMN IF NOT EXISTS secretary_enabled boolean,
    ADD COLUMN IF NOT EXISTS secretary_description text,
    ADD COLUMN IF NOT EXISTS insert_date timestamptz,
    ADD COLUMN IF NOT EXISTS insert_user uuid,
    ADD COLUMN IF NOT EXISTS update_date timestamptz,
    ADD COLUMN IF NOT EXISTS update_user uuid;

CREATE TABLE IF NOT EXISTS v_voice_secretary_versions (voice_secretary_version_uuid uuid PRIMARY KEY);
ALTER TABLE v_voice_secretary_versions
    ADD COLUMN IF NOT EXISTS domain_uuid uuid,
    ADD COLUMN IF NOT EXISTS voice_secretary_uuid uuid,
    ADD COLUMN IF NOT EXISTS version_number numeric,
    ADD COLUMN IF NOT EXISTS version_settings jsonb,
    ADD COLUMN IF NOT EXISTS version_note text,
    ADD COLUMN IF NOT EXISTS insert_date timestamptz,
    ADD COLUMN IF NOT EXISTS insert_user uuid,
    ADD COLUMN IF NOT EXISTS update_date timestamptz,
    ADD COLUMN IF NOT EXISTS update_user uuid;

CREATE TABLE IF NOT EXISTS v_voice_transfer_destinations (voice_transfer_destination_uuid uuid PRIMARY KEY);
ALTER TABLE v_voice_transfer_destinations
    ADD COLUMN IF NOT EXISTS domain_uuid uuid,
    ADD COLUMN IF NOT EXISTS voice_secretary_uuid uuid,   -- NULL: for all secretaries of the domain
    ADD COLUMN IF NOT EXISTS destination_name text,
    ADD COLUMN IF NOT EXISTS destination_aliases jsonb,   -- array of strings
    ADD COLUMN IF NOT EXISTS destination_kind text,       -- extension | ring_group | queue | voicemail | external
    ADD COLUMN IF NOT EXISTS destination_number text,
    ADD COLUMN IF NOT EXISTS destination_order numeric,
    ADD COLUMN IF NOT EXISTS destination_enabled boolean,
    ADD COLUMN IF NOT EXISTS destination_description text,
    ADD COLUMN IF NOT EXISTS insert_date timestamptz,
    ADD COLUMN IF NOT EXISTS insert_user uuid,
    ADD COLUMN IF NOT EXISTS update_date timestamptz,
    ADD COLUMN IF NOT EXISTS update_user uuid;

CREATE TABLE IF NOT EXISTS v_voice_transfer_rules (voice_transfer_rule_uuid uuid PRIMARY KEY);
ALTER TABLE v_voice_transfer_rules
    ADD COLUMN IF NOT EXISTS domain_uuid uuid,
    ADD COLUMN IF NOT EXISTS voice_secretary_uuid uuid,   -- NULL: for all secretaries of the domain
    ADD COLUMN IF NOT EXISTS voice_transfer_destination_uuid uuid,
    ADD COLUMN IF NOT EXISTS rule_intent text,
    ADD COLUMN IF NOT EXISTS rule_phrases jsonb,          -- array of strings
    ADD COLUMN IF NOT EXISTS rule_language text,          -- NULL: any
    ADD COLUMN IF NOT EXISTS rule_priority numeric,
    ADD COLUMN IF NOT EXISTS rule_immediate boolean,      -- fires before a language model is asked
    ADD COLUMN IF NOT EXISTS rule_enabled boolean,
    ADD COLUMN IF NOT EXISTS insert_date timestamptz,
    ADD COLUMN IF NOT EXISTS insert_user uuid,
    ADD COLUMN IF NOT EXISTS update_date timestamptz,
    ADD COLUMN IF NOT EXISTS update_user uuid;

-- A person who called (the requirements' "users"), by number.
CREATE TABLE IF NOT EXISTS v_voice_callers (voice_caller_uuid uuid PRIMARY KEY);
ALTER TABLE v_voice_callers
    ADD COLUMN IF NOT EXISTS domain_uuid uuid,
    ADD COLUMN IF NOT EXISTS caller_number text,          -- E.164 where it could be normalised
    ADD COLUMN IF NOT EXISTS caller_name text,
    ADD COLUMN IF NOT EXISTS first_call_date timestamptz,
    ADD COLUMN IF NOT EXISTS last_call_date timestamptz,
    ADD COLUMN IF NOT EXISTS call_count numeric,
    ADD COLUMN IF NOT EXISTS insert_date timestamptz,
    ADD COLUMN IF NOT EXISTS insert_user uuid,
    ADD COLUMN IF NOT EXISTS update_date timestamptz,
    ADD COLUMN IF NOT EXISTS update_user uuid;

-- A call while it lives: the journal that a restart reads. The row goes when the conversation is stored.
CREATE TABLE IF NOT EXISTS v_voice_live_calls (voice_live_call_uuid uuid PRIMARY KEY);  -- FreeSWITCH's call uuid
ALTER TABLE v_voice_live_calls
    ADD COLUMN IF NOT EXISTS domain_uuid uuid,
    ADD COLUMN IF NOT EXISTS voice_secretary_uuid uuid,
    ADD COLUMN IF NOT EXISTS call_state jsonb,            -- dialogue.call_state.CallState
    ADD COLUMN IF NOT EXISTS turn_count numeric,
    ADD COLUMN IF NOT EXISTS started_date timestamptz,
    ADD COLUMN IF NOT EXISTS seen_date timestamptz,
    ADD COLUMN IF NOT EXISTS insert_date timestamptz,
    ADD COLUMN IF NOT EXISTS insert_user uuid,
    ADD COLUMN IF NOT EXISTS update_date timestamptz,
    ADD COLUMN IF NOT EXISTS update_user uuid;

-- One stored call (the requirements' "sessions").
CREATE TABLE IF NOT EXISTS v_voice_conversations (voice_conversation_uuid uuid PRIMARY KEY);
ALTER TABLE v_voice_conversations
    ADD COLUMN IF NOT EXISTS domain_uuid uuid,
    ADD COLUMN IF NOT EXISTS call_uuid uuid,
    ADD COLUMN IF NOT EXISTS voice_secretary_uuid uuid,
    ADD COLUMN IF NOT EXISTS voice_caller_uuid uuid,
    ADD COLUMN IF NOT EXISTS secretary_name text,
    ADD COLUMN IF NOT EXISTS secretary_version numeric,
    ADD COLUMN IF NOT EXISTS conversation_mode text,      -- turn | realtime
    ADD COLUMN IF NOT EXISTS caller_number text,
    ADD COLUMN IF NOT EXISTS called_number text,
    ADD COLUMN IF NOT EXISTS language text,
    ADD COLUMN IF NOT EXISTS started_date timestamptz,
    ADD COLUMN IF NOT EXISTS answered_date timestamptz,
    ADD COLUMN IF NOT EXISTS ended_date timestamptz,
    ADD COLUMN IF NOT EXISTS duration_ms numeric,
    ADD COLUMN IF NOT EXISTS turn_count numeric,
    ADD COLUMN IF NOT EXISTS resolution text,             -- transferred | completed | abandoned | message | failed | closed | busy
    ADD COLUMN IF NOT EXISTS end_reason text,
    ADD COLUMN IF NOT EXISTS hangup_cause text,
    ADD COLUMN IF NOT EXISTS transferred_to text,
    ADD COLUMN IF NOT EXISTS message_text text,
    ADD COLUMN IF NOT EXISTS message_audio_ref text,
    ADD COLUMN IF NOT EXISTS recording_ref text,
    ADD COLUMN IF NOT EXISTS latency jsonb,               -- mean and p95 per stage, ms
    ADD COLUMN IF NOT EXISTS providers jsonb,             -- registry names used, per stage
    ADD COLUMN IF NOT EXISTS prompt_tokens numeric,
    ADD COLUMN IF NOT EXISTS completion_tokens numeric,
    ADD COLUMN IF NOT EXISTS cost_cents numeric,
    ADD COLUMN IF NOT EXISTS summary text,
    ADD COLUMN IF NOT EXISTS insert_date timestamptz,
    ADD COLUMN IF NOT EXISTS insert_user uuid,
    ADD COLUMN IF NOT EXISTS update_date timestamptz,
    ADD COLUMN IF NOT EXISTS update_user uuid;

CREATE TABLE IF NOT EXISTS v_voice_messages (voice_message_uuid uuid PRIMARY KEY);
ALTER TABLE v_voice_messages
    ADD COLUMN IF NOT EXISTS domain_uuid uuid,
    ADD COLUMN IF NOT EXISTS voice_conversation_uuid uuid,
    ADD COLUMN IF NOT EXISTS message_index numeric,       -- order in the conversation, from 0
    ADD COLUMN IF NOT EXISTS turn_number numeric,         -- 0 is the greeting
    ADD COLUMN IF NOT EXISTS speaker text,                -- caller | secretary
    ADD COLUMN IF NOT EXISTS message_text text,           -- for the secretary: what was said, whole
    ADD COLUMN IF NOT EXISTS heard_text text,             -- for the secretary: what the caller heard of it
    ADD COLUMN IF NOT EXISTS language text,
    ADD COLUMN IF NOT EXISTS confidence numeric,
    ADD COLUMN IF NOT EXISTS digits text,
    ADD COLUMN IF NOT EXISTS message_date timestamptz,
    ADD COLUMN IF NOT EXISTS audio_ref text,
    ADD COLUMN IF NOT EXISTS audio_ms numeric,
    ADD COLUMN IF NOT EXISTS played_ms numeric,
    ADD COLUMN IF NOT EXISTS barged_in boolean,
    ADD COLUMN IF NOT EXISTS action text,
    ADD COLUMN IF NOT EXISTS intent text,
    ADD COLUMN IF NOT EXISTS latency jsonb,
    ADD COLUMN IF NOT EXISTS providers jsonb,
    ADD COLUMN IF NOT EXISTS prompt_tokens numeric,
    ADD COLUMN IF NOT EXISTS completion_tokens numeric,
    ADD COLUMN IF NOT EXISTS sources jsonb,
    ADD COLUMN IF NOT EXISTS tools jsonb,
    ADD COLUMN IF NOT EXISTS embedding_model text,
    ADD COLUMN IF NOT EXISTS insert_date timestamptz,
    ADD COLUMN IF NOT EXISTS insert_user uuid,
    ADD COLUMN IF NOT EXISTS update_date timestamptz,
    ADD COLUMN IF NOT EXISTS update_user uuid;

CREATE TABLE IF NOT EXISTS v_voice_documents (voice_document_uuid uuid PRIMARY KEY);
ALTER TABLE v_voice_documents
    ADD COLUMN IF NOT EXISTS domain_uuid uuid,
    ADD COLUMN IF NOT EXISTS voice_secretary_uuid uuid,   -- NULL: for all secretaries of the domain
    ADD COLUMN IF NOT EXISTS document_name text,
    ADD COLUMN IF NOT EXISTS document_type text,
    ADD COLUMN IF NOT EXISTS document_language text,
    ADD COLUMN IF NOT EXISTS document_hash text,          -- sha256 of the file
    ADD COLUMN IF NOT EXISTS document_bytes numeric,
    ADD COLUMN IF NOT EXISTS document_status text,        -- pending | processing | ready | error
    ADD COLUMN IF NOT EXISTS document_progress numeric,
    ADD COLUMN IF NOT EXISTS document_error text,
    ADD COLUMN IF NOT EXISTS document_ref text,
    ADD COLUMN IF NOT EXISTS document_version numeric,
    ADD COLUMN IF NOT EXISTS embedding_model text,
    ADD COLUMN IF NOT EXISTS embedding_dimension numeric,
    ADD COLUMN IF NOT EXISTS insert_date timestamptz,
    ADD COLUMN IF NOT EXISTS insert_user uuid,
    ADD COLUMN IF NOT EXISTS update_date timestamptz,
    ADD COLUMN IF NOT EXISTS update_user uuid;

CREATE TABLE IF NOT EXISTS v_voice_chunks (voice_chunk_uuid uuid PRIMARY KEY);
ALTER TABLE v_voice_chunks
    ADD COLUMN IF NOT EXISTS domain_uuid uuid,
    ADD COLUMN IF NOT EXISTS voice_document_uuid uuid,
    ADD COLUMN IF NOT EXISTS document_version numeric,
    ADD COLUMN IF NOT EXISTS chunk_index numeric,
    ADD COLUMN IF NOT EXISTS chunk_text text,
    ADD COLUMN IF NOT EXISTS chunk_language text,
    ADD COLUMN IF NOT EXISTS chunk_heading text,
    ADD COLUMN IF NOT EXISTS chunk_page numeric,
    ADD COLUMN IF NOT EXISTS chunk_tokens numeric,
    ADD COLUMN IF NOT EXISTS embedding_model text,
    ADD COLUMN IF NOT EXISTS insert_date timestamptz,
    ADD COLUMN IF NOT EXISTS insert_user uuid,
    ADD COLUMN IF NOT EXISTS update_date timestamptz,
    ADD COLUMN IF NOT EXISTS update_user uuid;

CREATE TABLE IF NOT EXISTS v_voice_webhooks (voice_webhook_uuid uuid PRIMARY KEY);
ALTER TABLE v_voice_webhooks
    ADD COLUMN IF NOT EXISTS domain_uuid uuid,
    ADD COLUMN IF NOT EXISTS webhook_name text,
    ADD COLUMN IF NOT EXISTS webhook_kind text,           -- standard | omniplay
    ADD COLUMN IF NOT EXISTS webhook_url text,
    ADD COLUMN IF NOT EXISTS webhook_events jsonb,        -- array of event names; empty: all
    ADD COLUMN IF NOT EXISTS webhook_headers jsonb,       -- X-Company-Id and the like; never a secret
    ADD COLUMN IF NOT EXISTS webhook_secret text,         -- sealed signing secret (whsec_...)
    ADD COLUMN IF NOT EXISTS webhook_token text,          -- sealed bearer token, for omniplay
    ADD COLUMN IF NOT EXISTS webhook_enabled boolean,
    ADD COLUMN IF NOT EXISTS insert_date timestamptz,
    ADD COLUMN IF NOT EXISTS insert_user uuid,
    ADD COLUMN IF NOT EXISTS update_date timestamptz,
    ADD COLUMN IF NOT EXISTS update_user uuid;

-- One delivery of one event to one webhook; written in the transaction that stores what happened.
CREATE TABLE IF NOT EXISTS v_voice_outbox (voice_outbox_uuid uuid PRIMARY KEY);
ALTER TABLE v_voice_outbox
    ADD COLUMN IF NOT EXISTS domain_uuid uuid,
    ADD COLUMN IF NOT EXISTS voice_webhook_uuid uuid,
    ADD COLUMN IF NOT EXISTS event_name text,
    ADD COLUMN IF NOT EXISTS event_id text,               -- webhook-id: the same for every try
    ADD COLUMN IF NOT EXISTS event_payload jsonb,
    ADD COLUMN IF NOT EXISTS delivery_status text,        -- pending | delivered | dead
    ADD COLUMN IF NOT EXISTS attempt_count numeric,
    ADD COLUMN IF NOT EXISTS next_attempt_date timestamptz,
    ADD COLUMN IF NOT EXISTS claimed_until_date timestamptz,
    ADD COLUMN IF NOT EXISTS delivered_date timestamptz,
    ADD COLUMN IF NOT EXISTS last_status_code numeric,
    ADD COLUMN IF NOT EXISTS last_error text,
    ADD COLUMN IF NOT EXISTS insert_date timestamptz,
    ADD COLUMN IF NOT EXISTS insert_user uuid,
    ADD COLUMN IF NOT EXISTS update_date timestamptz,
    ADD COLUMN IF NOT EXISTS update_user uuid;

CREATE TABLE IF NOT EXISTS v_voice_tokens (voice_token_uuid uuid PRIMARY KEY);
ALTER TABLE v_voice_tokens
    ADD COLUMN IF NOT EXISTS domain_uuid uuid,            -- the nil uuid: the PBX's own token, for all its domains
    ADD COLUMN IF NOT EXISTS token_name text,
    ADD COLUMN IF NOT EXISTS token_hash text,             -- sha256, hex
    ADD COLUMN IF NOT EXISTS token_hint text,             -- its last four characters
    ADD COLUMN IF NOT EXISTS token_scopes jsonb,          -- array of strings
    ADD COLUMN IF NOT EXISTS token_enabled boolean,
    ADD COLUMN IF NOT EXISTS expires_date timestamptz,
    ADD COLUMN IF NOT EXISTS last_used_date timestamptz,
    ADD COLUMN IF NOT EXISTS insert_date timestamptz,
    ADD COLUMN IF NOT EXISTS insert_user uuid,
    ADD COLUMN IF NOT EXISTS update_date timestamptz,
    ADD COLUMN IF NOT EXISTS update_user uuid;

CREATE TABLE IF NOT EXISTS v_voice_settings (voice_setting_uuid uuid PRIMARY KEY);
ALTER TABLE v_voice_settings
    ADD COLUMN IF NOT EXISTS domain_uuid uuid,
    ADD COLUMN IF NOT EXISTS setting_category text,       -- limits | tenant | retention ...
    ADD COLUMN IF NOT EXISTS setting_name text,
    ADD COLUMN IF NOT EXISTS setting_value jsonb,
    ADD COLUMN IF NOT EXISTS insert_date timestamptz,
    ADD COLUMN IF NOT EXISTS insert_user uuid,
    ADD COLUMN IF NOT EXISTS update_date timestamptz,
    ADD COLUMN IF NOT EXISTS update_user uuid;

CREATE TABLE IF NOT EXISTS v_voice_usage (voice_usage_uuid uuid PRIMARY KEY);
ALTER TABLE v_voice_usage
    ADD COLUMN IF NOT EXISTS domain_uuid uuid,
    ADD COLUMN IF NOT EXISTS usage_day date,
    ADD COLUMN IF NOT EXISTS provider_kind text,
    ADD COLUMN IF NOT EXISTS provider_name text,
    ADD COLUMN IF NOT EXISTS provider_model text,
    ADD COLUMN IF NOT EXISTS request_count numeric,
    ADD COLUMN IF NOT EXISTS unit_count numeric,          -- seconds, characters or tokens, by kind
    ADD COLUMN IF NOT EXISTS cost_cents numeric,
    ADD COLUMN IF NOT EXISTS insert_date timestamptz,
    ADD COLUMN IF NOT EXISTS insert_user uuid,
    ADD COLUMN IF NOT EXISTS update_date timestamptz,
    ADD COLUMN IF NOT EXISTS update_user uuid;
