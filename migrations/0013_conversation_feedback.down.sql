DROP TRIGGER IF EXISTS voice_cdr_transcripts ON v_voice_conversations;
DROP TRIGGER IF EXISTS voice_cdr_transcripts ON v_voice_messages;
DROP FUNCTION IF EXISTS public.voice_cdr_forget_transcripts();
DROP FUNCTION IF EXISTS public.voice_cdr_write_transcripts();
ALTER TABLE v_voice_messages DROP COLUMN IF EXISTS feedback_rating, DROP COLUMN IF EXISTS feedback_note;
ALTER TABLE v_voice_conversations DROP COLUMN IF EXISTS feedback_rating, DROP COLUMN IF EXISTS feedback_note;
