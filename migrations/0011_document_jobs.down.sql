DROP FUNCTION IF EXISTS public.voice_ai_document_models();
DROP FUNCTION IF EXISTS public.voice_ai_claim_documents(integer, integer, uuid[]);
DROP TABLE IF EXISTS v_voice_document_jobs;
