-- How far the schema is, for a service that must not start on an older one. A number that a service which was taken
-- over could guess.
CREATE FUNCTION public.voice_ai_schema_version()
RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT max(migration.version) FROM voice_ai.migrations AS migration
$$;
REVOKE ALL ON FUNCTION public.voice_ai_schema_version() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.voice_ai_schema_version() TO voice_ai_service;
