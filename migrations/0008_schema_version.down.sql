DROP FUNCTION IF EXISTS public.voice_ai_schema_version();
