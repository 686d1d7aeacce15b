"""What every voice is given instead of what was written: whole sentences or clauses, read for the ear.

Rules need to see a number, a date or an amount whole, so text that is still being written waits here for the end of
its piece. Every piece but the last ends in a newline, by which whoever cuts texts knows that it is complete.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

from voice_ai_service.providers.tts.sentences import SentenceSplitter
from voice_ai_service.text.ear.dictionary import Dictionary
from voice_ai_service.text.ear.spoken import for_the_ear


async def texts_for_the_ear(
    texts: AsyncIterator[str], language: str, dictionary: Dictionary, *, markup: bool
) -> AsyncGenerator[str, None]:
    """
    Args:
        markup: The engine takes SSML.
    """
    splitter = SentenceSplitter()
    async for text in texts:
        for piece in splitter.feed(text):
            if read := for_the_ear(piece, language, dictionary, markup=markup):
                yield f"{read}\n"
    for piece in splitter.finish():
        if read := for_the_ear(piece, language, dictionary, markup=markup):
            yield read
