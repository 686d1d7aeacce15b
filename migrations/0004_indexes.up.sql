-- What lists, workers and foreign keys look for. Each unique (domain_uuid, ...) of 0003 already serves its domain.
CREATE INDEX v_voice_conversations_started_index ON v_voice_conversations (domain_uuid, started_date DESC);
CREATE INDEX v_voice_conversations_secretary_index
    ON v_voice_conversations (domain_uuid, voice_secretary_uuid, started_date DESC);
CREATE INDEX v_voice_conversations_caller_index
    ON v_voice_conversations (domain_uuid, voice_caller_uuid, started_date DESC);
CREATE INDEX v_voice_live_calls_seen_index ON v_voice_live_calls (seen_date);
CREATE INDEX v_voice_outbox_due_index ON v_voice_outbox (domain_uuid, next_attempt_date)
    WHERE delivery_status = 'pending';
CREATE INDEX v_voice_outbox_list_index ON v_voice_outbox (domain_uuid, insert_date DESC);
CREATE INDEX v_voice_transfer_destinations_secretary_index
    ON v_voice_transfer_destinations (voice_secretary_uuid) WHERE voice_secretary_uuid IS NOT NULL;
CREATE INDEX v_voice_transfer_rules_secretary_index
    ON v_voice_transfer_rules (voice_secretary_uuid) WHERE voice_secretary_uuid IS NOT NULL;
CREATE INDEX v_voice_transfer_rules_destination_index ON v_voice_transfer_rules (voice_transfer_destination_uuid);
CREATE INDEX v_voice_documents_secretary_index ON v_voice_documents (domain_uuid, voice_secretary_uuid);
CREATE INDEX v_voice_documents_hash_index ON v_voice_documents (domain_uuid, document_hash);
CREATE INDEX v_voice_providers_kind_index
    ON v_voice_providers (domain_uuid, provider_kind, provider_priority) WHERE provider_enabled;
