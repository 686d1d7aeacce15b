"""`python -m voice_ai_service.providers.embedded_speech.sphinx_worker`: the phrase recogniser, a program of
its own.

pocketsphinx holds the interpreter's lock for the whole of a decoding, so it never runs in the service's
process.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from pocketsphinx import Decoder, get_model_path

from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.providers.embedded_speech import features, messages
from voice_ai_service.providers.embedded_speech.child import Answer, Serve, serve_forever
from voice_ai_service.providers.embedded_speech.narrow_model import cepstra, write_narrow_model

_FREE: Final = "free"
_LOG_BASE: Final = math.log(1.0001)
"""The decoder counts in this base and gives its best score as a plain probability."""
_WORST_SCORE: Final = -1e6
_MAX_DICTIONARY_ALTERNATES: Final = 4


class Service:
    """One decoder with the grammars that the parent wants kept, and a free phone loop to compare with."""

    def __init__(self) -> None:
        model = Path(get_model_path("en-us/en-us"))
        with tempfile.TemporaryDirectory(prefix="voice-ai-model-") as folder:
            means, variances = write_narrow_model(model, Path(folder))
            self._decoder = Decoder(
                hmm=str(model),
                mean=str(means),
                var=str(variances),
                dict=get_model_path("en-us/cmudict-en-us.dict"),
                lm=None,
                loglevel="FATAL",
                bestpath=False,
                beam=1e-60,  # as narrow as by default, the right phrase is often lost on telephone speech
                pbeam=1e-60,
                wbeam=1e-40,
                topn=16,
                compallsen=True,  # otherwise scores are relative to another best state in each search
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
        audio = PcmAudio(wanted.samples, wanted.sample_rate_hz)
        heard = features.log_mel(audio, max_ms=wanted.max_ms)
        if heard is None:
            return messages.Recognised([], _WORST_SCORE, None, self._added_words)
        log_mel, start_ms = heard
        frames = cepstra(log_mel)
        score = self._decode(wanted.grammar, frames)
        tokens = self._heard_tokens(start_ms)
        free_score = self._decode(_FREE, frames) if wanted.compare else None
        return messages.Recognised(tokens, score, free_score, self._added_words)

    def _heard_tokens(self, start_ms: int) -> list[list[Any]]:
        hypothesis = self._decoder.hyp()
        if hypothesis is None or not hypothesis.hypstr:
            return []
        return [
            [
                segment.word.partition("(")[0],
                start_ms + segment.start_frame * features.FRAME_MS,
                start_ms + (segment.end_frame + 1) * features.FRAME_MS,
            ]
            for segment in self._decoder.seg()
            if not segment.word.startswith(("<", "("))
        ]

    def _decode(self, search: str, frames: bytes) -> float:
        """The best path's score a frame, on the decoder's own logarithmic scale."""
        decoder = self._decoder
        decoder.activate_search(search)
        decoder.start_utt()
        decoder.process_cep(frames, no_search=False, full_utt=True)
        decoder.end_utt()
        hypothesis = decoder.hyp()
        if hypothesis is None or hypothesis.best_score <= 0.0:
            return _WORST_SCORE
        frame_count = max(int(decoder.n_frames()), 1)
        return math.log(float(hypothesis.best_score)) / (_LOG_BASE * frame_count)


def load() -> Serve:
    return Service()


if __name__ == "__main__":
    serve_forever(load)
