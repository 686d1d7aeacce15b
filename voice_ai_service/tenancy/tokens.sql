-- name: find
SELECT voice_token_uuid, domain_uuid, token_scopes, expires_date FROM voice_ai_find_token($1);

-- name: touch
SELECT voice_ai_touch_token(token_uuid) FROM unnest($1::uuid[]) AS token_uuid;

-- name: insert
INSERT INTO v_voice_tokens (domain_uuid, token_name, token_hash, token_hint, token_scopes, expires_date)
VALUES ($1, $2, $3, $4, $5, $6)
RETURNING voice_token_uuid, insert_date;

-- name: list_all
SELECT voice_token_uuid, domain_uuid, token_name, token_hint, token_scopes, token_enabled, expires_date,
    last_used_date, insert_date
FROM v_voice_tokens
WHERE domain_uuid = $1
ORDER BY insert_date DESC, voice_token_uuid;

-- name: revoke
UPDATE v_voice_tokens SET token_enabled = false, update_date = now()
WHERE voice_token_uuid = $1 AND domain_uuid = $2
RETURNING token_hash;

-- name: pbx_token_exists
SELECT voice_ai_pbx_token_exists();

-- name: insert_pbx
SELECT voice_ai_insert_pbx_token($1, $2, $3, $4);
