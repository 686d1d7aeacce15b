"""The tenants' lexicons in memory: read from the database when a tenant's documents have changed."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import structlog

from voice_ai_service.db import queries
from voice_ai_service.db.pool import Connection, Database
from voice_ai_service.knowledge.concepts import LanguageSense
from voice_ai_service.knowledge.language_data import Phrase, language_data, phrases
from voice_ai_service.knowledge.lexicon import make_lexicon
from voice_ai_service.knowledge.thesaurus import make_thesaurus

SAMPLE: Final = 4000
"""Chunks from which the words of a large tenant are counted; rarer words are still found as they are spelt."""
MAX_TENANTS: Final = 200
MAX_OWN_GROUPS: Final = 500
_SMALL: Final = 300
"""Up to so many chunks a changed lexicon is read before the search goes on; of larger ones after it."""
_MAX_STEMS: Final = 200_000

_SQL = queries.load(__package__, "search.sql")
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class TenantSense:
    """
    Attributes:
        stamp: What the documents and synonyms were when this was read.
        chunks: Per language tag ("" where it is unknown), the largest first.
        senses: Per language tag.
        average_size: Different stems in a chunk, per language.
        models: That made the vectors of what is ready, the one with the most first.
    """

    stamp: str
    chunks: Mapping[str, int]
    senses: Mapping[str, LanguageSense]
    average_size: Mapping[str, float]
    models: tuple[str, ...] = ()


class Stems:
    """PostgreSQL's stemmers, remembered: a word has the same stem for every tenant."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, str | None]] = {}

    def unknown(self, language: str, words: Sequence[str]) -> list[str]:
        """Those that were never asked for."""
        known = self._known.get(language, {})
        return [word for word in dict.fromkeys(words) if word not in known]

    async def learn(self, connection: Connection, language: str, unknown: Sequence[str]) -> None:
        """Ask for the words that are not known yet, in one round trip."""
        known = self._known.setdefault(language, {})
        if len(known) > _MAX_STEMS:
            known.clear()
        missing = [word for word in dict.fromkeys(unknown) if word not in known]
        if missing:
            known.update(zip(missing, await connection.fetchval(_SQL.stems, language, missing), strict=True))

    def stem_of(self, language: str, word: str) -> str | None:
        """None for a word that the index does not keep. Only what was learnt is stemmed."""
        return self._known.get(language, {}).get(word, word)


class TenantSenses:
    """One for the process."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.stems = Stems()
        self._known: OrderedDict[UUID, TenantSense] = OrderedDict()
        self._reading: dict[UUID, asyncio.Task[TenantSense]] = {}

    async def of(self, domain_uuid: UUID) -> TenantSense:
        """The tenant's words. A large tenant's older ones while the newer are read. Raises Unavailable.

        Called without a connection in hand: whoever waits for the reading must not hold what the reading needs.
        """
        async with self._db.tenant(domain_uuid) as connection:
            row = await connection.fetchrow(_SQL.stamp, domain_uuid)
        stamp = f"{row['stamp']} {row['synonyms']}"
        known = self._known.get(domain_uuid)
        if known is not None:
            self._known.move_to_end(domain_uuid)
            if known.stamp == stamp:
                return known
        reading = self._reading.get(domain_uuid)
        if reading is None:
            reading = asyncio.create_task(
                self._read(domain_uuid, stamp, row["synonyms"]), name="knowledge lexicon"
            )
            self._reading[domain_uuid] = reading
            reading.add_done_callback(lambda done: self._finished(domain_uuid, done))
        if known is not None and sum(known.chunks.values()) > _SMALL:
            return known
        # Shielded: the turn's deadline ends the waiting, not the reading; the next turn has it.
        return await asyncio.shield(reading)

    async def aclose(self) -> None:
        """Ends reading that goes on."""
        going = list(self._reading.values())
        for task in going:
            task.cancel()
        await asyncio.gather(*going, return_exceptions=True)

    def _finished(self, domain_uuid: UUID, done: asyncio.Task[TenantSense]) -> None:
        self._reading.pop(domain_uuid, None)
        if done.cancelled():
            return
        error = done.exception()
        if error is not None:
            _log.warning(
                "lexicon of documents not read", domain_uuid=str(domain_uuid), reason=type(error).__name__
            )
            return
        self._known[domain_uuid] = done.result()
        while len(self._known) > MAX_TENANTS:
            self._known.popitem(last=False)

    async def _read(self, domain_uuid: UUID, stamp: str, synonyms: Any) -> TenantSense:
        own = own_synonyms(synonyms)
        senses: dict[str, LanguageSense] = {}
        chunks: dict[str, int] = {}
        sizes: dict[str, float] = {}
        async with self._db.tenant(domain_uuid) as connection:
            for row in await connection.fetch(_SQL.languages, domain_uuid):
                language = row["language"]
                chunks[language] = row["chunks"]
                sizes[language] = float(
                    await connection.fetchval(_SQL.average_size, domain_uuid, language) or 1
                )
                senses[language] = await self._sense(connection, domain_uuid, language, row["chunks"], own)
            models = await connection.fetch(_SQL.models, domain_uuid)
        return TenantSense(stamp, chunks, senses, sizes, tuple(row["embedding_model"] for row in models))

    async def _sense(
        self,
        connection: Connection,
        domain_uuid: UUID,
        language: str,
        chunks: int,
        own: Sequence[Sequence[Phrase]],
    ) -> LanguageSense:
        data = language_data(language)
        terms = [phrase for group in (*data.synonyms, *own) for phrase in group]
        terms += [phrase for said, meant in data.cues for phrase in (said, *meant)]
        await self.stems.learn(connection, language, [word for phrase in terms for word in phrase])
        rows = await connection.fetch(_SQL.word_counts, domain_uuid, language, SAMPLE)
        stem_of = lambda word: self.stems.stem_of(language, word)  # noqa: E731  a bound view, used twice
        return await asyncio.to_thread(
            lambda: LanguageSense(
                data,
                make_lexicon(data.language, min(chunks, SAMPLE), {row["word"]: row["ndoc"] for row in rows}),
                make_thesaurus(data, own, stem_of),
                stem_of,
            )
        )


def own_synonyms(value: Any) -> tuple[tuple[Phrase, ...], ...]:
    """The tenant's groups of synonyms: a list of lists of terms. What has another shape is left out."""
    if not isinstance(value, list):
        return ()
    groups = (
        phrases(term for term in group if isinstance(term, str)) for group in value if isinstance(group, list)
    )
    return tuple(group for group in groups if len(group) > 1)[:MAX_OWN_GROUPS]
