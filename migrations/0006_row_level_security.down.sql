-- The role stays: it belongs to the whole cluster, and logins may be members of it.
DO $$
DECLARE
    kind record;
BEGIN
    FOR kind IN
        SELECT relname FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname LIKE 'v\_voice\_%'
    LOOP
        EXECUTE format('DROP POLICY IF EXISTS voice_ai_tenant ON public.%I', kind.relname);
        EXECUTE format('ALTER TABLE public.%I DISABLE ROW LEVEL SECURITY', kind.relname);
        EXECUTE format('REVOKE ALL ON public.%I FROM voice_ai_service', kind.relname);
    END LOOP;
END
$$;
REVOKE SELECT (domain_uuid, domain_name, domain_enabled) ON v_domains FROM voice_ai_service;
REVOKE USAGE ON SCHEMA public FROM voice_ai_service;
