-- The extension stays: something else in the database may use it.
ALTER TABLE v_voice_messages DROP COLUMN IF EXISTS embedding;
ALTER TABLE v_voice_chunks DROP COLUMN IF EXISTS embedding;
