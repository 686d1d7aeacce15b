-- The tenant's wall. The service works as voice_ai_service (or a login that is a member of it) and names its
-- tenant in each transaction; without a name it sees nothing. The tables' owner, under whom FusionPBX's pages
-- work, is not bound.
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'voice_ai_service') THEN
        BEGIN
            CREATE ROLE voice_ai_service NOLOGIN;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE EXCEPTION 'the role voice_ai_service is missing and % may not create roles', current_user
                USING ERRCODE = 'insufficient_privilege',
                      HINT = format('as a superuser, once: CREATE ROLE voice_ai_service NOLOGIN; '
                          'GRANT voice_ai_service TO %I; then run the migration again', current_user);
        END;
    END IF;
    -- With one URL for everything the service logs in as the owner and takes the role. Where there are two,
    -- nobody needs this, and a role that may not grant it loses nothing.
    BEGIN
        IF NOT pg_has_role(current_user, 'voice_ai_service', 'MEMBER') THEN
            EXECUTE format('GRANT voice_ai_service TO %I', current_user);
        END IF;
    EXCEPTION WHEN insufficient_privilege THEN
        RAISE NOTICE '% is no member of voice_ai_service; the service needs a login that is', current_user;
    END;
END
$$;

GRANT USAGE ON SCHEMA public TO voice_ai_service;
GRANT SELECT (domain_uuid, domain_name, domain_enabled) ON v_domains TO voice_ai_service;

DO $$
DECLARE
    kind record;
BEGIN
    FOR kind IN
        SELECT relname FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname LIKE 'v\_voice\_%'
    LOOP
        EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', kind.relname);
        -- nullif: after a transaction that set it, the setting is '' and not NULL. The nil uuid is the PBX's own
        -- reach: its tokens are only for the functions of 0007.
        EXECUTE format($policy$
            CREATE POLICY voice_ai_tenant ON public.%I TO voice_ai_service
            USING (domain_uuid = nullif(current_setting('voice_ai.domain_uuid', true), '')::uuid
                AND domain_uuid <> '00000000-0000-0000-0000-000000000000')
            WITH CHECK (domain_uuid = nullif(current_setting('voice_ai.domain_uuid', true), '')::uuid
                AND domain_uuid <> '00000000-0000-0000-0000-000000000000')
            $policy$, kind.relname);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON public.%I TO voice_ai_service', kind.relname);
    END LOOP;
END
$$;

-- What was published stays as it was; it goes only with its secretary.
REVOKE UPDATE, DELETE ON v_voice_secretary_versions FROM voice_ai_service;
