-- name: stamp
-- Changes with whatever changes what can be found; and the tenant's own synonyms, one round trip for both.
SELECT
    (SELECT concat_ws('/', count(*), sum(document_version), max(update_date), max(insert_date))
     FROM v_voice_documents WHERE domain_uuid = $1 AND document_status = 'ready') AS stamp,
    (SELECT setting_value FROM v_voice_settings
     WHERE domain_uuid = $1 AND setting_category = 'knowledge' AND setting_name = 'synonyms') AS synonyms

-- name: languages
SELECT coalesce(chunk_language, '') AS language, count(*) AS chunks
FROM v_voice_chunks WHERE domain_uuid = $1
GROUP BY 1 ORDER BY 2 DESC

-- name: models
SELECT chunk.embedding_model
FROM v_voice_chunks AS chunk
JOIN v_voice_documents AS document
    ON document.domain_uuid = chunk.domain_uuid AND document.voice_document_uuid = chunk.voice_document_uuid
    AND document.document_version = chunk.document_version
WHERE chunk.domain_uuid = $1 AND document.document_status = 'ready' AND chunk.embedding_model IS NOT NULL
GROUP BY 1 ORDER BY count(*) DESC, 1

-- name: word_counts
-- ts_stat takes a statement as text; %L quotes what stands in it.
SELECT word, ndoc
FROM ts_stat(format(
    'SELECT chunk_lexemes FROM v_voice_chunks WHERE domain_uuid = %L AND coalesce(chunk_language, '''') = %L '
    'ORDER BY voice_chunk_uuid LIMIT %s', $1::uuid, $2::text, $3::integer))
WHERE left(word, 1) <> '@'

-- name: average_size
SELECT avg(length(chunk_lexemes)) FROM (
    SELECT chunk_lexemes FROM v_voice_chunks
    WHERE domain_uuid = $1 AND coalesce(chunk_language, '') = $2 LIMIT 200
) AS sample

-- name: stems
SELECT voice_ai_stems($1, $2)

-- name: match_chunks
SELECT voice_chunk_uuid, weight FROM voice_ai_match_chunks($1::text[]::tsquery[], $2, $3, $4)

-- name: occurrences
SELECT chunk.voice_chunk_uuid, chunk.voice_document_uuid, length(chunk.chunk_lexemes) AS size, word.lexeme, word.positions,
    'A' = ANY(word.weights) AS in_heading
FROM v_voice_chunks AS chunk CROSS JOIN LATERAL unnest(chunk.chunk_lexemes) AS word
WHERE chunk.voice_chunk_uuid = ANY($1) AND coalesce(chunk.chunk_language, '') = $2 AND word.lexeme = ANY($3)

-- name: chunks
SELECT chunk.voice_chunk_uuid, chunk.chunk_text, chunk.chunk_heading, chunk.chunk_page, chunk.chunk_index,
    coalesce(chunk.chunk_language, '') AS language, document.voice_document_uuid, document.document_name
FROM v_voice_chunks AS chunk
JOIN v_voice_documents AS document USING (voice_document_uuid)
WHERE chunk.voice_chunk_uuid = ANY($1)
