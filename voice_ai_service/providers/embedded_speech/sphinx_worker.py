"""`python -m voice_ai_service.providers.embedded_speech.sphinx_worker`: the phrase recogniser, a program of
its own.

pocketsphinx holds the interpreter's lock for the whole of a decoding, so it never runs in the service's
process.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from pocketsphinx import Decoder, get_model_path

from voice_ai_service.providers.embedded_speech import messages
from voice_ai_service.providers.embedded_speech.child import Answer, Serve, serve_forever

_FREE: Final = "free"
_LOG_BASE: Final = math.log(1.0001)
"""The decoder counts in this base and gives its best score as a plain probability."""
_WORST_SCORE: Final = -1e6
_MAX_DICTIONARY_ALTERNATES: Final = 4


class Service:
    """One decoder with the grammars that the parent wants kept, and a free phone loop to compare with."""

    def __init__(self) -> None:
        self._decoder = Decoder(
            hmm=get_model_path("en-us/en-us"),
            dict=get_model_path("en-us/cmudict-en-us.dict"),
            lm=None,
            loglevel="FATAL",
            bestpath=False,
            beam=1e-80,  # as narrow as by default, the right phrase is often lost on telephone speech
            pbeam=1e-80,
            wbeam=1e-60,
            topn=8,
            compallsen=True,  # otherwise scores of two searches are relative to different best states
        )
        self._decoder.add_allphone_file(_FREE, get_model_path("en-us/en-us-phone.lm.bin"))
        self._tokens: set[str] = set()
        self._added_words = 0

    def __call__(
        self, message: messages.Message, _answer: Answer, cancelled: Callable[[], bool]
    ) -> messages.Message:
        if isinstance(message, messages.LoadGrammar):
            return self._load(message)
        if isinstance(message, messages.ForgetGrammar):
            self._decoder.remove_search(message.name)
            return messages.Done()
        if isinstance(message, messages.Recognise):
            return messages.Done() if cancelled() else self._recognise(message)
        return messages.Failed("engine", f"no answer to {message.kind}")

    def _load(self, grammar: messages.LoadGrammar) -> messages.Message:
        sounds: dict[str, list[str]] = {}
        for token, word in grammar.spellings:
            sounds.setdefault(token, []).extend(self._dictionary(word))
        for token, phones in grammar.pronunciations:
            sounds.setdefault(token, []).append(phones)
        try:
            for token, alternates in sounds.items():
                if token not in self._tokens:
                    self._add_word(token, list(dict.fromkeys(alternates)))
            self._decoder.add_jsgf_string(grammar.name, grammar.jsgf)
        except (RuntimeError, ValueError) as error:
            return messages.Failed("bad_grammar", str(error))
        return messages.Done()

    def _dictionary(self, word: str) -> list[str]:
        names = [word, *(f"{word}({number})" for number in range(2, _MAX_DICTIONARY_ALTERNATES + 1))]
        return [phones for name in names if (phones := self._decoder.lookup_word(name))]

    def _add_word(self, token: str, alternates: list[str]) -> None:
        for number, phones in enumerate(alternates, start=1):
            self._decoder.add_word(token if number == 1 else f"{token}({number})", phones, False)
        self._tokens.add(token)
        self._added_words += len(alternates)

    def _recognise(self, wanted: messages.Recognise) -> messages.Message:
        frames, score = self._decode(wanted.grammar, wanted.samples)
        hypothesis = self._decoder.hyp()
        tokens: list[list[Any]] = []
        if hypothesis is not None and hypothesis.hypstr:
            tokens = [
                [segment.word.partition("(")[0], segment.start_frame, segment.end_frame]
                for segment in self._decoder.seg()
                if not segment.word.startswith(("<", "("))
            ]
        _, free_score = self._decode(_FREE, wanted.samples)
        return messages.Recognised(tokens, frames, score, free_score, self._added_words)

    def _decode(self, search: str, samples: bytes) -> tuple[int, float]:
        """Number of frames, and the best path's score a frame on the decoder's own scale."""
        decoder = self._decoder
        decoder.activate_search(search)
        decoder.start_utt()
        decoder.process_raw(samples, no_search=False, full_utt=True)
        decoder.end_utt()
        hypothesis = decoder.hyp()
        frames = max(decoder.n_frames(), 1)
        if hypothesis is None or hypothesis.best_score <= 0.0:
            return frames, _WORST_SCORE
        return frames, math.log(hypothesis.best_score) / (_LOG_BASE * frames)


def load() -> Serve:
    return Service()


if __name__ == "__main__":
    serve_forever(load)
