-- What an administrator thinks of an answer, or of a whole call: written by FusionPBX's pages alone.
ALTER TABLE v_voice_conversations
    ADD COLUMN IF NOT EXISTS feedback_rating numeric,     -- 1 good | -1 bad; NULL: nobody said
    ADD COLUMN IF NOT EXISTS feedback_note text;
ALTER TABLE v_voice_messages
    ADD COLUMN IF NOT EXISTS feedback_rating numeric,
    ADD COLUMN IF NOT EXISTS feedback_note text;
ALTER TABLE v_voice_conversations
    ADD CONSTRAINT v_voice_conversations_feedback_check CHECK (feedback_rating IN (-1, 1));
ALTER TABLE v_voice_messages
    ADD CONSTRAINT v_voice_messages_feedback_check CHECK (feedback_rating IN (-1, 1));

-- FusionPBX shows what was said in its call detail record, from a table of its own. Written as the tables' owner when
-- the service stores a call's messages, and forgotten with the call: the service itself reaches no table of FusionPBX.
-- The record has the call's uuid. The service may not execute these functions: as triggers they need no right.
CREATE FUNCTION public.voice_cdr_write_transcripts() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF to_regclass('public.v_xml_cdr_transcripts') IS NULL THEN
        RETURN NULL;
    END IF;
    INSERT INTO public.v_xml_cdr_transcripts (
        xml_cdr_transcript_uuid, xml_cdr_uuid, domain_uuid, transcript_json, transcript_summary, insert_date
    )
    SELECT gen_random_uuid(), conversation.call_uuid, conversation.domain_uuid,
        jsonb_build_object('segments', jsonb_agg(
            jsonb_build_object(
                'speaker', CASE message.speaker WHEN 'caller' THEN '0' ELSE '1' END,
                'text', coalesce(nullif(message.heard_text, ''), message.message_text, '')
            ) ORDER BY message.message_index
        )),
        conversation.summary, now()
    FROM public.v_voice_conversations AS conversation
    JOIN public.v_voice_messages AS message
        ON message.domain_uuid = conversation.domain_uuid
        AND message.voice_conversation_uuid = conversation.voice_conversation_uuid
    WHERE (conversation.domain_uuid, conversation.voice_conversation_uuid) IN (
            SELECT written.domain_uuid, written.voice_conversation_uuid FROM written
        )
        AND NOT EXISTS (
            SELECT 1 FROM public.v_xml_cdr_transcripts AS there
            WHERE there.xml_cdr_uuid = conversation.call_uuid
        )
    GROUP BY conversation.voice_conversation_uuid, conversation.call_uuid, conversation.domain_uuid,
        conversation.summary;
    RETURN NULL;
END
$$;

CREATE FUNCTION public.voice_cdr_forget_transcripts() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF to_regclass('public.v_xml_cdr_transcripts') IS NOT NULL THEN
        DELETE FROM public.v_xml_cdr_transcripts AS there USING gone
        WHERE there.xml_cdr_uuid = gone.call_uuid AND there.domain_uuid = gone.domain_uuid;
    END IF;
    RETURN NULL;
END
$$;

REVOKE ALL ON FUNCTION public.voice_cdr_write_transcripts() FROM PUBLIC;
REVOKE ALL ON FUNCTION public.voice_cdr_forget_transcripts() FROM PUBLIC;

CREATE TRIGGER voice_cdr_transcripts AFTER INSERT ON v_voice_messages
    REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION public.voice_cdr_write_transcripts();
CREATE TRIGGER voice_cdr_transcripts AFTER DELETE ON v_voice_conversations
    REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION public.voice_cdr_forget_transcripts();
