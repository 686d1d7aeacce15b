-- name: find
SELECT domain_uuid, domain_name, domain_enabled FROM voice_ai_find_domain($1, $2);

-- name: with_secretaries
SELECT domain_uuid FROM voice_ai_domains();

-- name: settings
SELECT setting_category, setting_name, setting_value
FROM v_voice_settings
WHERE domain_uuid = $1 AND setting_category IN ('tenant', 'limits', 'knowledge', 'speech');

-- name: put_setting
INSERT INTO v_voice_settings (domain_uuid, setting_category, setting_name, setting_value)
VALUES ($1, $2, $3, $4)
ON CONFLICT (domain_uuid, setting_category, setting_name)
DO UPDATE SET setting_value = excluded.setting_value, update_date = now();
