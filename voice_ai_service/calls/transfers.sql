-- name: list_destinations
SELECT voice_transfer_destination_uuid, voice_secretary_uuid, destination_name, destination_aliases,
    destination_kind, destination_number, destination_order::int AS destination_order, destination_enabled,
    destination_description
FROM v_voice_transfer_destinations
WHERE domain_uuid = $1
ORDER BY destination_order, destination_name

-- name: find_destination
SELECT voice_transfer_destination_uuid, voice_secretary_uuid, destination_name, destination_aliases,
    destination_kind, destination_number, destination_order::int AS destination_order, destination_enabled,
    destination_description
FROM v_voice_transfer_destinations
WHERE domain_uuid = $1 AND voice_transfer_destination_uuid = $2

-- name: insert_destination
INSERT INTO v_voice_transfer_destinations (voice_transfer_destination_uuid, domain_uuid, voice_secretary_uuid,
    destination_name, destination_aliases, destination_kind, destination_number, destination_order,
    destination_enabled, destination_description, insert_date)
VALUES ($2, $1, $3, $4, $5, $6, $7, $8, $9, $10, now())

-- name: update_destination
UPDATE v_voice_transfer_destinations
SET voice_secretary_uuid = $3, destination_name = $4, destination_aliases = $5, destination_kind = $6,
    destination_number = $7, destination_order = $8, destination_enabled = $9, destination_description = $10,
    update_date = now()
WHERE domain_uuid = $1 AND voice_transfer_destination_uuid = $2

-- name: delete_destination
DELETE FROM v_voice_transfer_destinations WHERE domain_uuid = $1 AND voice_transfer_destination_uuid = $2

-- name: list_rules
SELECT r.voice_transfer_rule_uuid, r.voice_secretary_uuid, r.voice_transfer_destination_uuid, r.rule_intent,
    r.rule_phrases, r.rule_language, r.rule_priority::int AS rule_priority, r.rule_immediate, r.rule_enabled,
    d.destination_name, d.destination_enabled
FROM v_voice_transfer_rules AS r
JOIN v_voice_transfer_destinations AS d
    ON d.domain_uuid = r.domain_uuid AND d.voice_transfer_destination_uuid = r.voice_transfer_destination_uuid
WHERE r.domain_uuid = $1
ORDER BY r.rule_priority, r.rule_intent, r.voice_transfer_rule_uuid

-- name: find_rule
SELECT r.voice_transfer_rule_uuid, r.voice_secretary_uuid, r.voice_transfer_destination_uuid, r.rule_intent,
    r.rule_phrases, r.rule_language, r.rule_priority::int AS rule_priority, r.rule_immediate, r.rule_enabled,
    d.destination_name, d.destination_enabled
FROM v_voice_transfer_rules AS r
JOIN v_voice_transfer_destinations AS d
    ON d.domain_uuid = r.domain_uuid AND d.voice_transfer_destination_uuid = r.voice_transfer_destination_uuid
WHERE r.domain_uuid = $1 AND r.voice_transfer_rule_uuid = $2

-- name: insert_rule
INSERT INTO v_voice_transfer_rules (voice_transfer_rule_uuid, domain_uuid, voice_secretary_uuid,
    voice_transfer_destination_uuid, rule_intent, rule_phrases, rule_language, rule_priority, rule_immediate,
    rule_enabled, insert_date)
VALUES ($2, $1, $3, $4, $5, $6, $7, $8, $9, $10, now())

-- name: update_rule
UPDATE v_voice_transfer_rules
SET voice_secretary_uuid = $3, voice_transfer_destination_uuid = $4, rule_intent = $5, rule_phrases = $6,
    rule_language = $7, rule_priority = $8, rule_immediate = $9, rule_enabled = $10, update_date = now()
WHERE domain_uuid = $1 AND voice_transfer_rule_uuid = $2

-- name: delete_rule
DELETE FROM v_voice_transfer_rules WHERE domain_uuid = $1 AND voice_transfer_rule_uuid = $2
RETURNING voice_transfer_rule_uuid

-- name: rules_of_destination
SELECT rule_intent FROM v_voice_transfer_rules
WHERE domain_uuid = $1 AND voice_transfer_destination_uuid = $2
LIMIT 1

-- name: secretary_exists
SELECT true FROM v_voice_secretaries WHERE domain_uuid = $1 AND voice_secretary_uuid = $2
