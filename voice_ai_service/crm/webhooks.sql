-- name: insert_webhook
INSERT INTO v_voice_webhooks (
    domain_uuid, webhook_name, webhook_kind, webhook_url, webhook_events, webhook_headers, webhook_secret,
    webhook_token, webhook_enabled
)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9
WHERE (SELECT count(*) FROM v_voice_webhooks WHERE domain_uuid = $1) < $10
RETURNING *;

-- name: update_webhook
UPDATE v_voice_webhooks SET
    webhook_name = $3, webhook_kind = $4, webhook_url = $5, webhook_events = $6, webhook_headers = $7,
    webhook_token = coalesce($8, webhook_token), webhook_enabled = $9, update_date = now()
WHERE domain_uuid = $1 AND voice_webhook_uuid = $2
RETURNING *;

-- name: list_webhooks
SELECT * FROM v_voice_webhooks WHERE domain_uuid = $1 ORDER BY webhook_name, voice_webhook_uuid;

-- name: find_webhook
SELECT * FROM v_voice_webhooks WHERE domain_uuid = $1 AND voice_webhook_uuid = $2;

-- name: lock_secret
SELECT webhook_secret FROM v_voice_webhooks WHERE domain_uuid = $1 AND voice_webhook_uuid = $2 FOR UPDATE;

-- name: save_secret
UPDATE v_voice_webhooks SET webhook_secret = $3, update_date = now()
WHERE domain_uuid = $1 AND voice_webhook_uuid = $2;

-- name: disable_webhook
UPDATE v_voice_webhooks SET webhook_enabled = false, update_date = now()
WHERE domain_uuid = $1 AND voice_webhook_uuid = $2;

-- name: delete_webhook
DELETE FROM v_voice_webhooks WHERE domain_uuid = $1 AND voice_webhook_uuid = $2;
