-- FusionPBX owns v_domains. Where FusionPBX is not installed this makes the few columns that we read, under the
-- names and types FusionPBX uses, so that installing it later finds its own table.
CREATE TABLE IF NOT EXISTS v_domains (
    domain_uuid uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    domain_parent_uuid uuid,
    domain_name text,
    domain_enabled boolean,
    domain_description text
);
