-- name: enqueue
INSERT INTO v_voice_outbox (domain_uuid, voice_webhook_uuid, event_name, event_id, event_payload)
SELECT domain_uuid, voice_webhook_uuid, $2, $3, $4::jsonb -> webhook_kind
FROM v_voice_webhooks
WHERE domain_uuid = $1 AND webhook_enabled AND $4::jsonb ? webhook_kind
    AND (webhook_events = '[]' OR webhook_events ? $2)
ON CONFLICT (voice_webhook_uuid, event_id) DO NOTHING;

-- name: is_queued
SELECT EXISTS (SELECT 1 FROM v_voice_outbox WHERE domain_uuid = $1 AND event_id = $2);

-- name: is_wanted
SELECT EXISTS (
    SELECT 1 FROM v_voice_webhooks
    WHERE domain_uuid = $1 AND webhook_enabled AND (webhook_events = '[]' OR webhook_events ? $2)
);

-- name: claim
SELECT domain_uuid, voice_outbox_uuid FROM voice_ai_claim_outbox($1, $2);

-- name: depth
SELECT pending_count, dead_count, oldest_pending_seconds FROM voice_ai_outbox_depth();

-- name: load
SELECT voice_webhook_uuid, event_name, event_id, event_payload, attempt_count, claimed_until_date
FROM v_voice_outbox
WHERE domain_uuid = $1 AND voice_outbox_uuid = $2 AND delivery_status = 'pending' AND claimed_until_date > now();

-- name: postpone
UPDATE v_voice_outbox SET claimed_until_date = now() + make_interval(secs => $3)
WHERE domain_uuid = $1 AND voice_outbox_uuid = $2 AND delivery_status = 'pending';

-- name: mark_delivered
-- Whatever became of the lease: the receiver has it.
UPDATE v_voice_outbox
SET delivery_status = 'delivered', attempt_count = $3, delivered_date = now(), claimed_until_date = NULL,
    last_status_code = $4, last_error = NULL, update_date = now()
WHERE domain_uuid = $1 AND voice_outbox_uuid = $2;

-- name: mark_retry
UPDATE v_voice_outbox
SET attempt_count = $4, next_attempt_date = now() + make_interval(secs => $5), claimed_until_date = NULL,
    last_status_code = $6, last_error = $7, update_date = now()
WHERE domain_uuid = $1 AND voice_outbox_uuid = $2 AND delivery_status = 'pending' AND claimed_until_date = $3;

-- name: mark_dead
UPDATE v_voice_outbox
SET delivery_status = 'dead', attempt_count = $4, claimed_until_date = NULL, last_status_code = $5, last_error = $6,
    update_date = now()
WHERE domain_uuid = $1 AND voice_outbox_uuid = $2 AND delivery_status = 'pending' AND claimed_until_date = $3;

-- name: replay_one
-- A delivery that is under way is left alone.
UPDATE v_voice_outbox
SET delivery_status = 'pending', attempt_count = 0, next_attempt_date = now(), claimed_until_date = NULL,
    delivered_date = NULL, update_date = now()
WHERE domain_uuid = $1 AND voice_outbox_uuid = $2
    AND (delivery_status <> 'pending' OR claimed_until_date IS NULL OR claimed_until_date <= now());

-- name: replay_dead
UPDATE v_voice_outbox
SET delivery_status = 'pending', attempt_count = 0, next_attempt_date = now(), claimed_until_date = NULL,
    update_date = now()
WHERE domain_uuid = $1 AND delivery_status = 'dead' AND insert_date >= $2;

-- name: exists_one
SELECT EXISTS (SELECT 1 FROM v_voice_outbox WHERE domain_uuid = $1 AND voice_outbox_uuid = $2);

-- name: list_deliveries
SELECT voice_outbox_uuid, voice_webhook_uuid, event_name, event_id, delivery_status, attempt_count, insert_date,
    next_attempt_date, delivered_date, last_status_code, last_error
FROM v_voice_outbox
WHERE domain_uuid = $1
    AND ($2::text IS NULL OR delivery_status = $2)
    AND ($3::uuid IS NULL OR voice_webhook_uuid = $3)
ORDER BY insert_date DESC, voice_outbox_uuid
LIMIT $4;
