-- name: enabled_rows
SELECT voice_provider_uuid, provider_kind, provider_name, coalesce(provider_label, '') AS provider_label,
       provider_settings, provider_secret, coalesce(provider_priority, 100)::int AS provider_priority
FROM v_voice_providers
WHERE domain_uuid = $1 AND provider_enabled
ORDER BY provider_priority, voice_provider_uuid;

-- name: list_rows
SELECT voice_provider_uuid, provider_kind, provider_name, coalesce(provider_label, '') AS provider_label,
       provider_settings, provider_secret IS NOT NULL AS has_secret,
       coalesce(provider_priority, 100)::int AS provider_priority, provider_enabled
FROM v_voice_providers
WHERE domain_uuid = $1
ORDER BY provider_kind, provider_priority, voice_provider_uuid;

-- name: find_row
SELECT voice_provider_uuid, provider_kind, provider_name, coalesce(provider_label, '') AS provider_label,
       provider_settings, provider_secret IS NOT NULL AS has_secret,
       coalesce(provider_priority, 100)::int AS provider_priority, provider_enabled
FROM v_voice_providers
WHERE domain_uuid = $1 AND voice_provider_uuid = $2;

-- name: insert_row
INSERT INTO v_voice_providers (voice_provider_uuid, domain_uuid, provider_kind, provider_name, provider_label,
                               provider_settings, provider_secret, provider_priority, provider_enabled)
VALUES (gen_random_uuid(), $1, $2, $3, $4, $5, $6, $7, $8)
RETURNING voice_provider_uuid;

-- name: update_row
UPDATE v_voice_providers
SET provider_kind = $3, provider_name = $4, provider_label = $5, provider_settings = $6,
    provider_secret = coalesce($7, provider_secret), provider_priority = $8, provider_enabled = $9,
    update_date = now()
WHERE domain_uuid = $1 AND voice_provider_uuid = $2
RETURNING voice_provider_uuid;

-- name: delete_row
DELETE FROM v_voice_providers WHERE domain_uuid = $1 AND voice_provider_uuid = $2 RETURNING voice_provider_uuid;
