-- What FusionPBX cannot declare: defaults, NOT NULL, allowed values, one-of-a-kind rules and foreign keys.
-- Rows that were written before (FusionPBX's pages work as soon as its own upgrade made the tables) get the
-- defaults first. A row without a domain has no owner we could guess: it stops the migration.

DO $$
DECLARE
    lost record;
    has_lost boolean;
BEGIN
    FOR lost IN
        SELECT relname FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname LIKE 'v\_voice\_%'
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM public.%I WHERE domain_uuid IS NULL)', lost.relname)
            INTO has_lost;
        IF has_lost THEN
            RAISE EXCEPTION '% has rows that belong to no domain', lost.relname
                USING ERRCODE = 'not_null_violation',
                      HINT = format('give them a domain, or: DELETE FROM %I WHERE domain_uuid IS NULL', lost.relname);
        END IF;
    END LOOP;
END
$$;

-- Keys: a primary key where FusionPBX made none, its default, the tenant, and the pair that foreign keys point
-- at. The pair is what keeps a row from pointing into another tenant: foreign keys do not ask row-level security.
DO $$
DECLARE
    kind record;
BEGIN
    FOR kind IN
        SELECT * FROM (VALUES
            ('v_voice_providers', 'voice_provider_uuid'),
            ('v_voice_secretaries', 'voice_secretary_uuid'),
            ('v_voice_secretary_versions', 'voice_secretary_version_uuid'),
            ('v_voice_transfer_destinations', 'voice_transfer_destination_uuid'),
            ('v_voice_transfer_rules', 'voice_transfer_rule_uuid'),
            ('v_voice_callers', 'voice_caller_uuid'),
            ('v_voice_live_calls', 'voice_live_call_uuid'),
            ('v_voice_conversations', 'voice_conversation_uuid'),
            ('v_voice_messages', 'voice_message_uuid'),
            ('v_voice_documents', 'voice_document_uuid'),
            ('v_voice_chunks', 'voice_chunk_uuid'),
            ('v_voice_webhooks', 'voice_webhook_uuid'),
            ('v_voice_outbox', 'voice_outbox_uuid'),
            ('v_voice_tokens', 'voice_token_uuid'),
            ('v_voice_settings', 'voice_setting_uuid'),
            ('v_voice_usage', 'voice_usage_uuid')
        ) AS kinds (tablename, pk)
    LOOP
        EXECUTE format('ALTER TABLE public.%I ALTER COLUMN %I SET NOT NULL', kind.tablename, kind.pk);
        IF NOT EXISTS (
            SELECT 1 FROM pg_constraint
            WHERE conrelid = format('public.%I', kind.tablename)::regclass AND contype = 'p'
        ) THEN
            EXECUTE format('ALTER TABLE public.%I ADD PRIMARY KEY (%I)', kind.tablename, kind.pk);
        END IF;
        EXECUTE format('ALTER TABLE public.%I ALTER COLUMN %I SET DEFAULT gen_random_uuid(), '
            'ALTER COLUMN domain_uuid SET NOT NULL, ALTER COLUMN insert_date SET DEFAULT now(), '
            'ADD CONSTRAINT %I UNIQUE (domain_uuid, %I)',
            kind.tablename, kind.pk, kind.tablename || '_domain_key', kind.pk);
        -- The nil uuid is no domain; only the PBX's own tokens carry it.
        IF kind.tablename <> 'v_voice_tokens' THEN
            EXECUTE format('ALTER TABLE public.%I ADD CONSTRAINT %I CHECK (domain_uuid <> %L)', kind.tablename,
                kind.tablename || '_domain_check', '00000000-0000-0000-0000-000000000000');
        END IF;
    END LOOP;
END
$$;

-- Columns that always have a value: what they are when nobody says, or nothing to assume (NULL).
DO $$
DECLARE
    col record;
BEGIN
    FOR col IN
        SELECT * FROM (VALUES
            ('v_voice_providers', 'provider_kind', NULL),
            ('v_voice_providers', 'provider_name', NULL),
            ('v_voice_providers', 'provider_settings', '''{}''::jsonb'),
            ('v_voice_providers', 'provider_priority', '100'),
            ('v_voice_providers', 'provider_enabled', 'true'),
            ('v_voice_secretaries', 'secretary_name', NULL),
            ('v_voice_secretaries', 'secretary_extension', NULL),
            ('v_voice_secretaries', 'secretary_mode', '''turn'''),
            ('v_voice_secretaries', 'secretary_settings', '''{}''::jsonb'),
            ('v_voice_secretaries', 'secretary_enabled', 'true'),
            ('v_voice_secretary_versions', 'voice_secretary_uuid', NULL),
            ('v_voice_secretary_versions', 'version_number', NULL),
            ('v_voice_secretary_versions', 'version_settings', NULL),
            ('v_voice_transfer_destinations', 'destination_name', NULL),
            ('v_voice_transfer_destinations', 'destination_aliases', '''[]''::jsonb'),
            ('v_voice_transfer_destinations', 'destination_kind', '''extension'''),
            ('v_voice_transfer_destinations', 'destination_number', NULL),
            ('v_voice_transfer_destinations', 'destination_order', '100'),
            ('v_voice_transfer_destinations', 'destination_enabled', 'true'),
            ('v_voice_transfer_rules', 'voice_transfer_destination_uuid', NULL),
            ('v_voice_transfer_rules', 'rule_phrases', '''[]''::jsonb'),
            ('v_voice_transfer_rules', 'rule_priority', '100'),
            ('v_voice_transfer_rules', 'rule_immediate', 'false'),
            ('v_voice_transfer_rules', 'rule_enabled', 'true'),
            ('v_voice_callers', 'caller_number', NULL),
            ('v_voice_callers', 'call_count', '0'),
            ('v_voice_live_calls', 'call_state', '''{}''::jsonb'),
            ('v_voice_live_calls', 'turn_count', '0'),
            ('v_voice_live_calls', 'started_date', 'now()'),
            ('v_voice_live_calls', 'seen_date', 'now()'),
            ('v_voice_conversations', 'call_uuid', NULL),
            ('v_voice_conversations', 'conversation_mode', '''turn'''),
            ('v_voice_conversations', 'started_date', 'now()'),
            ('v_voice_conversations', 'turn_count', '0'),
            ('v_voice_conversations', 'latency', '''{}''::jsonb'),
            ('v_voice_conversations', 'providers', '''{}''::jsonb'),
            ('v_voice_messages', 'voice_conversation_uuid', NULL),
            ('v_voice_messages', 'message_index', NULL),
            ('v_voice_messages', 'turn_number', '0'),
            ('v_voice_messages', 'speaker', NULL),
            ('v_voice_messages', 'message_text', ''''''),
            ('v_voice_messages', 'barged_in', 'false'),
            ('v_voice_messages', 'latency', '''{}''::jsonb'),
            ('v_voice_messages', 'providers', '''{}''::jsonb'),
            ('v_voice_messages', 'sources', '''[]''::jsonb'),
            ('v_voice_messages', 'tools', '''[]''::jsonb'),
            ('v_voice_documents', 'document_name', NULL),
            ('v_voice_documents', 'document_status', '''pending'''),
            ('v_voice_documents', 'document_progress', '0'),
            ('v_voice_documents', 'document_version', '1'),
            ('v_voice_chunks', 'voice_document_uuid', NULL),
            ('v_voice_chunks', 'document_version', '1'),
            ('v_voice_chunks', 'chunk_index', NULL),
            ('v_voice_chunks', 'chunk_text', NULL),
            ('v_voice_webhooks', 'webhook_kind', '''standard'''),
            ('v_voice_webhooks', 'webhook_url', NULL),
            ('v_voice_webhooks', 'webhook_events', '''[]''::jsonb'),
            ('v_voice_webhooks', 'webhook_headers', '''{}''::jsonb'),
            ('v_voice_webhooks', 'webhook_enabled', 'true'),
            ('v_voice_outbox', 'voice_webhook_uuid', NULL),
            ('v_voice_outbox', 'event_name', NULL),
            ('v_voice_outbox', 'event_id', NULL),
            ('v_voice_outbox', 'event_payload', '''{}''::jsonb'),
            ('v_voice_outbox', 'delivery_status', '''pending'''),
            ('v_voice_outbox', 'attempt_count', '0'),
            ('v_voice_outbox', 'next_attempt_date', 'now()'),
            ('v_voice_tokens', 'token_hash', NULL),
            ('v_voice_tokens', 'token_scopes', '''[]''::jsonb'),
            ('v_voice_tokens', 'token_enabled', 'true'),
            ('v_voice_settings', 'setting_category', NULL),
            ('v_voice_settings', 'setting_name', NULL),
            ('v_voice_usage', 'usage_day', 'current_date'),
            ('v_voice_usage', 'provider_kind', NULL),
            ('v_voice_usage', 'provider_name', NULL),
            ('v_voice_usage', 'provider_model', ''''''),
            ('v_voice_usage', 'request_count', '0'),
            ('v_voice_usage', 'unit_count', '0'),
            ('v_voice_usage', 'cost_cents', '0')
        ) AS columns (tablename, colname, standard)
    LOOP
        IF col.standard IS NOT NULL THEN
            EXECUTE format('UPDATE public.%I SET %I = %s WHERE %I IS NULL',
                col.tablename, col.colname, col.standard, col.colname);
            EXECUTE format('ALTER TABLE public.%I ALTER COLUMN %I SET DEFAULT %s',
                col.tablename, col.colname, col.standard);
        END IF;
        EXECUTE format('ALTER TABLE public.%I ALTER COLUMN %I SET NOT NULL', col.tablename, col.colname);
    END LOOP;
END
$$;

ALTER TABLE v_voice_providers
    ADD CONSTRAINT v_voice_providers_kind_check
        CHECK (provider_kind IN ('stt', 'tts', 'llm', 'embeddings', 'realtime')),
    ADD CONSTRAINT v_voice_providers_settings_check CHECK (jsonb_typeof(provider_settings) = 'object');

ALTER TABLE v_voice_secretaries
    ADD CONSTRAINT v_voice_secretaries_mode_check CHECK (secretary_mode IN ('turn', 'realtime', 'auto')),
    ADD CONSTRAINT v_voice_secretaries_extension_check CHECK (secretary_extension ~ '^[0-9*#]{1,20}$'),
    ADD CONSTRAINT v_voice_secretaries_settings_check CHECK (jsonb_typeof(secretary_settings) = 'object');

ALTER TABLE v_voice_secretary_versions
    ADD CONSTRAINT v_voice_secretary_versions_number_check CHECK (version_number >= 1),
    ADD CONSTRAINT v_voice_secretary_versions_number_key UNIQUE (voice_secretary_uuid, version_number),
    ADD CONSTRAINT v_voice_secretary_versions_secretary_fkey FOREIGN KEY (domain_uuid, voice_secretary_uuid)
        REFERENCES v_voice_secretaries (domain_uuid, voice_secretary_uuid) ON DELETE CASCADE;

ALTER TABLE v_voice_transfer_destinations
    ADD CONSTRAINT v_voice_transfer_destinations_kind_check
        CHECK (destination_kind IN ('extension', 'ring_group', 'queue', 'voicemail', 'external')),
    ADD CONSTRAINT v_voice_transfer_destinations_number_check CHECK (destination_number ~ '^[0-9*#]{1,32}$'
        OR destination_kind = 'external' AND destination_number ~ '^\+[0-9]{1,31}$'),
    ADD CONSTRAINT v_voice_transfer_destinations_secretary_fkey FOREIGN KEY (domain_uuid, voice_secretary_uuid)
        REFERENCES v_voice_secretaries (domain_uuid, voice_secretary_uuid) ON DELETE CASCADE;

ALTER TABLE v_voice_transfer_rules
    ADD CONSTRAINT v_voice_transfer_rules_phrases_check CHECK (jsonb_typeof(rule_phrases) = 'array'),
    ADD CONSTRAINT v_voice_transfer_rules_secretary_fkey FOREIGN KEY (domain_uuid, voice_secretary_uuid)
        REFERENCES v_voice_secretaries (domain_uuid, voice_secretary_uuid) ON DELETE CASCADE,
    ADD CONSTRAINT v_voice_transfer_rules_destination_fkey
        FOREIGN KEY (domain_uuid, voice_transfer_destination_uuid)
        REFERENCES v_voice_transfer_destinations (domain_uuid, voice_transfer_destination_uuid) ON DELETE CASCADE;

ALTER TABLE v_voice_callers
    ADD CONSTRAINT v_voice_callers_number_key UNIQUE (domain_uuid, caller_number);

-- What was said outlives the secretary that said it, and the caller's entry in the list.
ALTER TABLE v_voice_conversations
    ADD CONSTRAINT v_voice_conversations_call_key UNIQUE (domain_uuid, call_uuid),
    ADD CONSTRAINT v_voice_conversations_mode_check CHECK (conversation_mode IN ('turn', 'realtime')),
    ADD CONSTRAINT v_voice_conversations_resolution_check CHECK (resolution IN
        ('transferred', 'completed', 'abandoned', 'message', 'failed', 'closed', 'busy')),
    ADD CONSTRAINT v_voice_conversations_secretary_fkey FOREIGN KEY (domain_uuid, voice_secretary_uuid)
        REFERENCES v_voice_secretaries (domain_uuid, voice_secretary_uuid)
        ON DELETE SET NULL (voice_secretary_uuid),
    ADD CONSTRAINT v_voice_conversations_caller_fkey FOREIGN KEY (domain_uuid, voice_caller_uuid)
        REFERENCES v_voice_callers (domain_uuid, voice_caller_uuid) ON DELETE SET NULL (voice_caller_uuid);

ALTER TABLE v_voice_messages
    ADD CONSTRAINT v_voice_messages_index_key UNIQUE (voice_conversation_uuid, message_index),
    ADD CONSTRAINT v_voice_messages_speaker_check CHECK (speaker IN ('caller', 'secretary')),
    ADD CONSTRAINT v_voice_messages_conversation_fkey FOREIGN KEY (domain_uuid, voice_conversation_uuid)
        REFERENCES v_voice_conversations (domain_uuid, voice_conversation_uuid) ON DELETE CASCADE;

ALTER TABLE v_voice_documents
    ADD CONSTRAINT v_voice_documents_status_check
        CHECK (document_status IN ('pending', 'processing', 'ready', 'error')),
    -- Not SET NULL: that would show one secretary's document to all of them.
    ADD CONSTRAINT v_voice_documents_secretary_fkey FOREIGN KEY (domain_uuid, voice_secretary_uuid)
        REFERENCES v_voice_secretaries (domain_uuid, voice_secretary_uuid) ON DELETE CASCADE;

ALTER TABLE v_voice_chunks
    ADD CONSTRAINT v_voice_chunks_index_key UNIQUE (voice_document_uuid, document_version, chunk_index),
    ADD CONSTRAINT v_voice_chunks_document_fkey FOREIGN KEY (domain_uuid, voice_document_uuid)
        REFERENCES v_voice_documents (domain_uuid, voice_document_uuid) ON DELETE CASCADE;

ALTER TABLE v_voice_webhooks
    ADD CONSTRAINT v_voice_webhooks_kind_check CHECK (webhook_kind IN ('standard', 'omniplay')),
    ADD CONSTRAINT v_voice_webhooks_events_check CHECK (jsonb_typeof(webhook_events) = 'array'),
    ADD CONSTRAINT v_voice_webhooks_headers_check CHECK (jsonb_typeof(webhook_headers) = 'object');

ALTER TABLE v_voice_outbox
    ADD CONSTRAINT v_voice_outbox_event_key UNIQUE (voice_webhook_uuid, event_id),
    ADD CONSTRAINT v_voice_outbox_status_check CHECK (delivery_status IN ('pending', 'delivered', 'dead')),
    ADD CONSTRAINT v_voice_outbox_webhook_fkey FOREIGN KEY (domain_uuid, voice_webhook_uuid)
        REFERENCES v_voice_webhooks (domain_uuid, voice_webhook_uuid) ON DELETE CASCADE;

ALTER TABLE v_voice_tokens
    ADD CONSTRAINT v_voice_tokens_hash_key UNIQUE (token_hash),
    ADD CONSTRAINT v_voice_tokens_hash_check CHECK (token_hash ~ '^[0-9a-f]{64}$'),
    ADD CONSTRAINT v_voice_tokens_scopes_check CHECK (jsonb_typeof(token_scopes) = 'array');

ALTER TABLE v_voice_settings
    ADD CONSTRAINT v_voice_settings_name_key UNIQUE (domain_uuid, setting_category, setting_name);

ALTER TABLE v_voice_usage
    ADD CONSTRAINT v_voice_usage_day_key
        UNIQUE (domain_uuid, usage_day, provider_kind, provider_name, provider_model),
    ADD CONSTRAINT v_voice_usage_kind_check
        CHECK (provider_kind IN ('stt', 'tts', 'llm', 'embeddings', 'realtime'));

-- Rules with a condition cannot be constraints.
CREATE UNIQUE INDEX v_voice_secretaries_extension_key ON v_voice_secretaries (domain_uuid, secretary_extension)
    WHERE secretary_enabled;
CREATE UNIQUE INDEX v_voice_transfer_destinations_name_key
    ON v_voice_transfer_destinations (domain_uuid, lower(destination_name));
