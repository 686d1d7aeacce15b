-- Full-text search over the tenants' documents. Contrib extensions (unaccent, btree_gin) may be missing, so folding is
-- ours, and the tenant is a lexeme of its own: one GIN index then answers for a small tenant beside a large one.

-- What a word has in common with its spellings: no case, no accents, nothing between words but a space. The same as
-- voice_ai_service.text.words in Python.
CREATE FUNCTION public.voice_ai_fold(plain text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT SET search_path = pg_catalog, pg_temp AS $$
    SELECT regexp_replace(
        lower(regexp_replace(
            normalize(regexp_replace(plain, '(?<=\w)[''’ʼ`´](?=\w)', '', 'g'), NFKD),
            '[\u0300-\u036f]', '', 'g')),
        '[^[:alnum:]]+', ' ', 'g')
$$;

-- Stems by the chunk's language; a language without a stemmer of ours keeps its words. Headings weigh A.
CREATE FUNCTION public.voice_ai_lexemes(domain uuid, language text, heading text, body text)
RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE
            WHEN language LIKE 'pt%' THEN
                setweight(to_tsvector('pg_catalog.portuguese', public.voice_ai_fold(coalesce(heading, ''))), 'A')
                || to_tsvector('pg_catalog.portuguese', public.voice_ai_fold(coalesce(body, '')))
            WHEN language LIKE 'en%' THEN
                setweight(to_tsvector('pg_catalog.english', public.voice_ai_fold(coalesce(heading, ''))), 'A')
                || to_tsvector('pg_catalog.english', public.voice_ai_fold(coalesce(body, '')))
            ELSE
                setweight(to_tsvector('pg_catalog.simple', public.voice_ai_fold(coalesce(heading, ''))), 'A')
                || to_tsvector('pg_catalog.simple', public.voice_ai_fold(coalesce(body, '')))
        END || array_to_tsvector(ARRAY['@' || domain::text])
$$;

-- The stem of each word, in order; NULL for what the language's stop list drops.
CREATE FUNCTION public.voice_ai_stems(language text, words text[])
RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_agg(
        CASE
            WHEN language LIKE 'pt%' THEN (ts_lexize('pg_catalog.portuguese_stem', word))[1]
            WHEN language LIKE 'en%' THEN (ts_lexize('pg_catalog.english_stem', word))[1]
            ELSE word
        END ORDER BY place)
    FROM unnest(words) WITH ORDINALITY AS one(word, place)
$$;

REVOKE ALL ON FUNCTION public.voice_ai_fold(text) FROM PUBLIC;
REVOKE ALL ON FUNCTION public.voice_ai_lexemes(uuid, text, text, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION public.voice_ai_stems(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.voice_ai_fold(text) TO voice_ai_service;
GRANT EXECUTE ON FUNCTION public.voice_ai_lexemes(uuid, text, text, text) TO voice_ai_service;
GRANT EXECUTE ON FUNCTION public.voice_ai_stems(text, text[]) TO voice_ai_service;

ALTER TABLE v_voice_chunks
    ADD COLUMN IF NOT EXISTS chunk_lexemes tsvector
    GENERATED ALWAYS AS (public.voice_ai_lexemes(domain_uuid, chunk_language, chunk_heading, chunk_text)) STORED;

CREATE INDEX v_voice_chunks_lexemes_index ON v_voice_chunks USING gin (chunk_lexemes);
CREATE INDEX v_voice_chunks_domain_index ON v_voice_chunks (domain_uuid, chunk_language);

-- The chunks that share most weight with the question. Row-level security keeps `@@` away from the index (it is not
-- leakproof), so this runs past it, and takes the tenant from the same setting as the policy: whoever calls it sees the
-- rows that the policy would show.
CREATE FUNCTION public.voice_ai_match_chunks(
    concepts tsquery[], weights real[], secretary uuid, wanted integer)
RETURNS TABLE (voice_chunk_uuid uuid, weight real)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    tenant uuid := nullif(current_setting('voice_ai.domain_uuid', true), '')::uuid;
    matches text;
BEGIN
    IF tenant IS NULL OR tenant = '00000000-0000-0000-0000-000000000000' THEN
        RETURN;
    END IF;
    -- Planned with the words in place: how often each occurs decides which index is worth it.
    SELECT string_agg(
        format('SELECT voice_chunk_uuid, voice_document_uuid, document_version, %s::real AS weight '
            'FROM public.v_voice_chunks WHERE domain_uuid = %L AND chunk_lexemes @@ %L::tsquery',
            concept.weight, tenant, quote_literal('@' || tenant)::tsquery && concept.query), ' UNION ALL ')
    INTO matches
    FROM unnest(concepts, weights) AS concept(query, weight);
    IF matches IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT hit.voice_chunk_uuid, sum(hit.weight)::real AS total
        FROM (%s) AS hit
        JOIN public.v_voice_documents AS document
            ON document.domain_uuid = $1 AND document.voice_document_uuid = hit.voice_document_uuid
            AND document.document_version = hit.document_version
        WHERE document.document_status = ''ready''
            AND ($2 IS NULL OR document.voice_secretary_uuid IS NULL OR document.voice_secretary_uuid = $2)
        GROUP BY 1 ORDER BY total DESC, 1 LIMIT $3', matches)
    USING tenant, secretary, wanted;
END
$$;
REVOKE ALL ON FUNCTION public.voice_ai_match_chunks(tsquery[], real[], uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.voice_ai_match_chunks(tsquery[], real[], uuid, integer) TO voice_ai_service;
