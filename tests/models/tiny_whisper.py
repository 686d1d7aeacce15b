"""A Whisper model of half a megabyte that understands tones, for the real engine to run on.

Its weights are written by hand. A tone of one pitch is a whole sentence; anything else that is loud enough is the
sentence that real models invent over noise. It goes through everything a real model goes through: log-mel
features, convolutions, cross attention, beam search, tokenizer.

How it thinks: the encoder has one channel a tone, lit when the tone's mel bands stand out from the mean of all
bands, and one channel that is always lit. After layer normalisation the always-lit channel is strong exactly where
no tone is. The decoder's cross attention looks at the frames with a tone. Its residual stream then holds which
token it saw last (from the embedding) and which tone there was; the next token's score is the sum of both.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from ctranslate2.specs import WhisperSpec

MEL_BANDS: Final = 80
WIDTH: Final = 32
HEADS: Final = 2
FEED_FORWARD: Final = 64
FRAMES: Final = 1500
LANGUAGES: Final = ["en", "zh", "de", "es", "ru", "ko", "fr", "ja", "pt", "tr", "pl", "ca", "nl", "ar", "sv",
"it", "id", "hi", "fi", "vi", "he", "uk", "el", "ms", "cs", "ro", "da", "hu", "ta", "no", "th", "ur", "hr",
"bg", "lt", "la", "mi", "ml", "cy", "sk", "te", "fa", "lv", "bn", "sr", "az", "sl", "kn", "et", "mk", "br",
"eu", "is", "hy", "ne", "mn", "bs", "kk", "sq", "sw", "gl", "mr", "pa", "si", "km", "sn", "yo", "so", "af",
"oc", "ka", "be", "tg", "sd", "gu", "am", "yi", "lo", "uz", "fo", "ht", "ps", "tk", "nn", "mt", "sa", "lb",
"my", "bo", "tl", "mg", "as", "tt", "haw", "ln", "ha", "ba", "jw", "su"]  # fmt: skip

# Places in the decoder's residual stream.
AFTER_PROMPT, AFTER_START, AFTER_SENTENCE, FIRST_TONE, NO_TONE = 0, 1, 2, 4, 12


@dataclass(frozen=True)
class Sentence:
    """`hz`: the tone that says it. `language` is what the model takes the tone for."""

    hz: float
    text: str
    language: str = "pt"


SENTENCES: Final = (
    Sentence(500, "quero pagar minha conta"),
    Sentence(1000, "falar com atendente"),
    Sentence(1700, "não"),
    Sentence(2600, "talk to sales", "en"),
)
INVENTED: Final = "Obrigado por assistir!"


def write_tone_model(
    folder: Path, sentences: Sequence[Sentence] = SENTENCES, invented: str = INVENTED
) -> Path:
    """A model folder as faster-whisper wants it."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = Vocabulary([*(f" {sentence.text}" for sentence in sentences), f" {invented}"])
    spec = WhisperSpec(1, HEADS, 1, HEADS)
    _fill_with_nothing(spec, len(vocabulary.tokens))
    _listen(spec.encoder, [sentence.hz for sentence in sentences])
    _attend(spec.decoder.layer[0].attention, len(sentences))
    _speak(spec.decoder, vocabulary, sentences)
    spec.register_vocabulary(vocabulary.tokens)
    spec.config.suppress_ids = [vocabulary["<|nospeech|>"]]
    spec.config.suppress_ids_begin = [vocabulary["<|endoftext|>"]]
    spec.config.lang_ids = [vocabulary[f"<|{code}|>"] for code in LANGUAGES]
    spec.config.alignment_heads = [(0, 0)]
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(folder))
    vocabulary.write(folder)
    _write_features(folder)
    return folder


class Vocabulary:
    """Whisper's order of tokens: bytes, pieces, then the special ones. Every sentence is one piece."""

    def __init__(self, pieces: Sequence[str]) -> None:
        letters = _byte_letters()
        self.words = [*letters, *("".join(letters[byte] for byte in piece.encode()) for piece in pieces)]
        self.first_piece = len(letters)
        languages = [f"<|{code}|>" for code in LANGUAGES]
        verbs = ["translate", "transcribe", "startoflm", "startofprev", "nospeech", "notimestamps"]
        self.special = [
            "<|endoftext|>",
            "<|startoftranscript|>",
            *languages,
            *(f"<|{verb}|>" for verb in verbs),
        ]
        times = [f"<|{step * 0.02:.2f}|>" for step in range(FRAMES + 1)]
        # CTranslate2 takes a model for multilingual when its vocabulary has an empty token.
        self.tokens = [*self.words, "", *self.special, *times]
        self._number = {token: number for number, token in enumerate(self.tokens)}

    def __getitem__(self, token: str) -> int:
        return self._number[token]

    def write(self, folder: Path) -> None:
        """`tokenizer.json` of the tokenizers library: a byte-level BPE without merges.

        Special tokens stand in the vocabulary too, or the library would number them anew; times only the model knows.
        """
        added = [
            {"id": self[token], "content": token, "single_word": False, "lstrip": False, "rstrip": False,
             "normalized": False, "special": True}
            for token in self.special
        ]  # fmt: skip
        byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
        content: dict[str, Any] = {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": added,
            "normalizer": None,
            "pre_tokenizer": byte_level,
            "post_processor": None,
            "decoder": byte_level,
            "model": {
                "type": "BPE",
                "dropout": None,
                "unk_token": None,
                "continuing_subword_prefix": "",
                "end_of_word_suffix": "",
                "fuse_unk": False,
                "byte_fallback": False,
                "vocab": {token: self[token] for token in [*self.words, "", *self.special]},
                "merges": [],
            },
        }
        (folder / "tokenizer.json").write_text(json.dumps(content, ensure_ascii=False), "utf-8")


def _byte_letters() -> list[str]:
    """GPT-2's printable letter for each byte, in byte order."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    spare = iter(range(256, 512))
    return [chr(byte) if byte in printable else chr(next(spare)) for byte in range(256)]


def _write_features(folder: Path) -> None:
    settings = {
        "feature_size": MEL_BANDS, "sampling_rate": 16000, "hop_length": 160, "n_fft": 400, "chunk_length": 30,
        "nb_max_frames": 3000, "n_samples": 480000, "padding_value": 0.0, "return_attention_mask": False,
        "feature_extractor_type": "WhisperFeatureExtractor", "processor_class": "WhisperProcessor",
    }  # fmt: skip
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))


def _zeros(*shape: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.zeros(shape, np.float32)


def _fill_with_nothing(spec: Any, tokens: int) -> None:
    """All weights zero: every layer lets its input pass."""
    encoder, decoder = spec.encoder, spec.decoder
    encoder.conv1.weight, encoder.conv1.bias = _zeros(WIDTH, MEL_BANDS, 3), _zeros(WIDTH)
    encoder.conv2.weight, encoder.conv2.bias = _zeros(WIDTH, WIDTH, 3), _zeros(WIDTH)
    encoder.position_encodings.encodings = _zeros(FRAMES, WIDTH)
    decoder.embeddings.weight = _zeros(tokens, WIDTH)
    decoder.position_encodings.encodings = _zeros(448, WIDTH)
    decoder.projection.weight = _zeros(tokens, WIDTH)
    for norm in (encoder.layer_norm, decoder.layer_norm):
        _norm(norm)
    for layer in (encoder.layer[0], decoder.layer[0]):
        _norm(layer.self_attention.layer_norm)
        _linear(layer.self_attention.linear[0], 3 * WIDTH, WIDTH)
        _linear(layer.self_attention.linear[1], WIDTH, WIDTH)
        _norm(layer.ffn.layer_norm)
        _linear(layer.ffn.linear_0, FEED_FORWARD, WIDTH)
        _linear(layer.ffn.linear_1, WIDTH, FEED_FORWARD)
    cross = decoder.layer[0].attention
    _norm(cross.layer_norm)
    for linear, outputs in zip(cross.linear, (WIDTH, 2 * WIDTH, WIDTH), strict=True):
        _linear(linear, outputs, WIDTH)


def _norm(norm: Any) -> None:
    norm.gamma, norm.beta = np.ones(WIDTH, np.float32), _zeros(WIDTH)


def _linear(linear: Any, outputs: int, inputs: int) -> None:
    linear.weight, linear.bias = _zeros(outputs, inputs), _zeros(outputs)


def _mel(hz: float) -> float:
    """Slaney's scale, which Whisper's features use."""
    return 15 + 27 * math.log(hz / 1000) / math.log(6.4) if hz >= 1000 else 3 * hz / 200


def _listen(encoder: Any, tones: Sequence[float]) -> None:
    """Channel k: the bands around tone k against the mean of all; the next channel: always lit."""
    contrast, threshold = 8.0, 0.35
    for channel, hz in enumerate(tones):
        centre = _mel(hz) / _mel(8000) * (MEL_BANDS + 1) - 1
        near = [band for band in range(MEL_BANDS) if abs(band - centre) <= 1.5]
        middle = encoder.conv1.weight[channel, :, 1]
        middle -= contrast / MEL_BANDS
        middle[near] += contrast / len(near)
        encoder.conv1.bias[channel] = -contrast * threshold
    encoder.conv1.bias[len(tones)] = 2.0
    for channel in range(len(tones) + 1):
        encoder.conv2.weight[channel, channel, 1] = 1.0


def _attend(cross: Any, tones: int) -> None:
    """Every head looks at the frames with a tone; the first brings what is there."""
    query, key_value, out = cross.linear
    head = WIDTH // HEADS
    for first in range(0, WIDTH, head):
        query.bias[first] = 8.0
        key_value.weight[first, :tones] = 2.0
    for channel in range(tones + 1):
        key_value.weight[WIDTH + channel, channel] = 1.0
    for channel in range(tones):
        out.weight[FIRST_TONE + channel, channel] = 1.0
    out.weight[NO_TONE, tones] = 1.0


def _speak(decoder: Any, vocabulary: Vocabulary, sentences: Sequence[Sentence]) -> None:
    seen, score = decoder.embeddings.weight, decoder.projection.weight
    for token in ("<|notimestamps|>",):
        seen[vocabulary[token], AFTER_PROMPT] = 4.0
    for token in ("<|startoftranscript|>", "<|transcribe|>", *(f"<|{code}|>" for code in LANGUAGES)):
        seen[vocabulary[token], AFTER_START] = 4.0
    pieces = range(vocabulary.first_piece, vocabulary.first_piece + len(sentences) + 1)
    for piece in pieces:
        seen[piece, AFTER_SENTENCE] = 6.0
        score[piece, AFTER_PROMPT] = 6.0
    for tone, piece in enumerate(pieces[:-1]):
        score[piece, FIRST_TONE + tone] = 6.0
    score[pieces[-1], NO_TONE] = 6.0
    score[vocabulary["<|endoftext|>"], AFTER_SENTENCE] = 16.0
    score[vocabulary["<|nospeech|>"], NO_TONE] = 12.0
    for tone, sentence in enumerate(sentences):
        language = vocabulary[f"<|{sentence.language}|>"]
        score[language, AFTER_START] = 10.0
        score[language, FIRST_TONE + tone] = 3.0
