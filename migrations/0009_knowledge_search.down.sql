DROP FUNCTION IF EXISTS public.voice_ai_match_chunks(tsquery[], real[], uuid, integer);
DROP INDEX IF EXISTS v_voice_chunks_lexemes_index;
DROP INDEX IF EXISTS v_voice_chunks_domain_index;
ALTER TABLE v_voice_chunks DROP COLUMN IF EXISTS chunk_lexemes;
DROP FUNCTION IF EXISTS public.voice_ai_stems(text, text[]);
DROP FUNCTION IF EXISTS public.voice_ai_lexemes(uuid, text, text, text);
DROP FUNCTION IF EXISTS public.voice_ai_fold(text);
