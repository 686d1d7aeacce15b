-- name: list_secretaries
SELECT voice_secretary_uuid, domain_uuid, secretary_name, secretary_extension, secretary_mode, secretary_settings,
    published_version::int AS published_version, secretary_enabled, secretary_description, insert_date, update_date
FROM v_voice_secretaries
WHERE domain_uuid = $1
ORDER BY secretary_extension, secretary_name

-- name: find_secretary
SELECT voice_secretary_uuid, domain_uuid, secretary_name, secretary_extension, secretary_mode, secretary_settings,
    published_version::int AS published_version, secretary_enabled, secretary_description, insert_date, update_date
FROM v_voice_secretaries
WHERE domain_uuid = $1 AND voice_secretary_uuid = $2

-- name: lock_secretary
SELECT voice_secretary_uuid, domain_uuid, secretary_name, secretary_extension, secretary_mode, secretary_settings,
    published_version::int AS published_version, secretary_enabled, secretary_description, insert_date, update_date
FROM v_voice_secretaries
WHERE domain_uuid = $1 AND voice_secretary_uuid = $2
FOR UPDATE

-- name: insert_secretary
INSERT INTO v_voice_secretaries (voice_secretary_uuid, domain_uuid, secretary_name, secretary_extension,
    secretary_mode, secretary_settings, secretary_enabled, secretary_description, insert_date)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now())

-- name: update_secretary
UPDATE v_voice_secretaries
SET secretary_name = $3, secretary_extension = $4, secretary_mode = $5, secretary_settings = $6,
    secretary_enabled = $7, secretary_description = $8, update_date = now()
WHERE domain_uuid = $1 AND voice_secretary_uuid = $2

-- name: delete_secretary
DELETE FROM v_voice_secretaries WHERE domain_uuid = $1 AND voice_secretary_uuid = $2
RETURNING voice_secretary_uuid

-- name: extension_taken
SELECT true FROM v_voice_secretaries
WHERE domain_uuid = $1 AND secretary_extension = $2 AND secretary_enabled AND voice_secretary_uuid <> $3

-- name: list_versions
SELECT version_number::int AS version_number, version_note, insert_date
FROM v_voice_secretary_versions
WHERE domain_uuid = $1 AND voice_secretary_uuid = $2
ORDER BY version_number DESC

-- name: insert_version
INSERT INTO v_voice_secretary_versions (domain_uuid, voice_secretary_uuid, version_number, version_settings,
    version_note, insert_date)
SELECT $1, $2, coalesce(max(version_number), 0) + 1, $3, $4, now()
FROM v_voice_secretary_versions
WHERE domain_uuid = $1 AND voice_secretary_uuid = $2
RETURNING version_number::int

-- name: set_published
UPDATE v_voice_secretaries SET published_version = $3, update_date = now()
WHERE domain_uuid = $1 AND voice_secretary_uuid = $2

-- name: published_by_extension
SELECT s.voice_secretary_uuid, s.domain_uuid, s.secretary_name, s.secretary_extension, s.secretary_mode,
    v.version_number::int AS version_number, v.version_settings
FROM v_voice_secretaries AS s
JOIN v_voice_secretary_versions AS v
    ON v.domain_uuid = s.domain_uuid AND v.voice_secretary_uuid = s.voice_secretary_uuid
    AND v.version_number = s.published_version
WHERE s.domain_uuid = $1 AND s.secretary_extension = $2 AND s.secretary_enabled

-- name: version_of_secretary
SELECT s.voice_secretary_uuid, s.domain_uuid, s.secretary_name, s.secretary_extension, s.secretary_mode,
    v.version_number::int AS version_number, v.version_settings
FROM v_voice_secretaries AS s
JOIN v_voice_secretary_versions AS v
    ON v.domain_uuid = s.domain_uuid AND v.voice_secretary_uuid = s.voice_secretary_uuid
WHERE s.domain_uuid = $1 AND s.voice_secretary_uuid = $2 AND v.version_number = $3

-- name: settings_in_use
SELECT s.voice_secretary_uuid, s.secretary_name, s.secretary_settings AS settings
FROM v_voice_secretaries AS s
WHERE s.domain_uuid = $1
UNION ALL
SELECT s.voice_secretary_uuid, s.secretary_name, v.version_settings
FROM v_voice_secretaries AS s
JOIN v_voice_secretary_versions AS v
    ON v.domain_uuid = s.domain_uuid AND v.voice_secretary_uuid = s.voice_secretary_uuid
    AND v.version_number = s.published_version
WHERE s.domain_uuid = $1
