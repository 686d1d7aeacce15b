DROP FUNCTION IF EXISTS public.voice_ai_find_token(text);
DROP FUNCTION IF EXISTS public.voice_ai_touch_token(uuid);
DROP FUNCTION IF EXISTS public.voice_ai_insert_pbx_token(text, text, text, jsonb);
DROP FUNCTION IF EXISTS public.voice_ai_pbx_token_exists();
DROP FUNCTION IF EXISTS public.voice_ai_find_domain(uuid, text);
DROP FUNCTION IF EXISTS public.voice_ai_domains();
DROP FUNCTION IF EXISTS public.voice_ai_claim_outbox(integer, integer);
DROP FUNCTION IF EXISTS public.voice_ai_outbox_depth();
DROP FUNCTION IF EXISTS public.voice_ai_stale_calls(interval);
