-- name: lock_v_voice_providers
SELECT voice_provider_uuid AS row_uuid, ARRAY[provider_secret] AS secrets
FROM v_voice_providers
WHERE provider_secret IS NOT NULL
FOR UPDATE;

-- name: update_provider
UPDATE v_voice_providers SET provider_secret = $2, update_date = now() WHERE voice_provider_uuid = $1;

-- name: lock_v_voice_webhooks
SELECT voice_webhook_uuid AS row_uuid, ARRAY[webhook_secret, webhook_token] AS secrets
FROM v_voice_webhooks
WHERE webhook_secret IS NOT NULL OR webhook_token IS NOT NULL
FOR UPDATE;

-- name: update_webhook
UPDATE v_voice_webhooks SET webhook_secret = $2, webhook_token = $3, update_date = now()
WHERE voice_webhook_uuid = $1;
