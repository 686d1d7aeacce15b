"""espeak-ng by ctypes.

espeak-ng is GPL-3-or-later. This module is only ever imported by `espeak_worker`, a program of its own that
the service talks to through pipes; a test holds that the service never imports it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

_AUDIO_OUTPUT_SYNCHRONOUS: Final = 2
_INITIALIZE_DONT_EXIT: Final = 0x8000
_CHARS_UTF8: Final = 1
"""Alone: neither espeakSSML nor espeakPHONEMES, so that `<` and `[[` are text."""
_RATE: Final = 1
_PHONEMES_IPA: Final = 0x02
_PHONEME_SEPARATOR: Final = ord("_") << 8
_BUFFER_MS: Final = 20

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class _VoiceRecord(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("xx1", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


class EspeakError(Exception):
    """The library refused; `reason` is one of the worker's."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Espeak:
    """The library's one global engine. Not for two threads.

    Attributes:
        sample_rate_hz: What it produces; no choice.
    """

    def __init__(self, library_path: str, data_path: str) -> None:
        self._lib = ctypes.CDLL(library_path)
        self._declare()
        self._data = Path(data_path)
        rate = self._lib.espeak_Initialize(
            _AUDIO_OUTPUT_SYNCHRONOUS, _BUFFER_MS, str(self._data.parent).encode(), _INITIALIZE_DONT_EXIT
        )
        if rate <= 0:
            raise EspeakError("engine", "espeak-ng did not find its data")
        self.sample_rate_hz: int = rate
        self.variants = frozenset(path.name for path in (self._data / "voices" / "!v").iterdir())
        listed = self._list_voices()
        self.voices = tuple((name, tags[0]) for name, tags in listed if tags)
        """Name, and first language tag."""
        self._names = {tag.lower(): name for name, tags in reversed(listed) for tag in tags}
        self._names |= {name.lower(): name for name, _ in listed}
        self._voice: str | None = None
        self._take: Callable[[bytes], bool] | None = None
        self._callback = _Callback(self._on_samples)  # must live as long as the library may call it
        self._lib.espeak_SetSynthCallback(self._callback)

    def _declare(self) -> None:
        lib = self._lib
        lib.espeak_Initialize.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
        lib.espeak_SetVoiceByName.argtypes = [ctypes.c_char_p]
        lib.espeak_SetParameter.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int]
        lib.espeak_SetSynthCallback.argtypes = [_Callback]
        lib.espeak_SetSynthCallback.restype = None
        lib.espeak_Synth.argtypes = [
            ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int, ctypes.c_uint, ctypes.c_uint,
            ctypes.c_void_p, ctypes.c_void_p,
        ]  # fmt: skip
        lib.espeak_TextToPhonemes.argtypes = [ctypes.POINTER(ctypes.c_void_p), ctypes.c_int, ctypes.c_int]
        lib.espeak_TextToPhonemes.restype = ctypes.c_char_p
        lib.espeak_ListVoices.argtypes = [ctypes.c_void_p]
        lib.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_VoiceRecord))

    def _on_samples(self, samples: Any, count: int, _events: Any) -> int:
        if not samples or count <= 0 or self._take is None:
            return 0
        return 0 if self._take(ctypes.string_at(samples, 2 * count)) else 1

    def choose_voice(self, name: str) -> None:
        """A voice's name or language tag, with a variant after a plus sign if wanted: `pt-br+f3`.

        Only listed names reach the library, which would take them for paths of files.
        Raises EspeakError("bad_voice").
        """
        if name == self._voice:
            return
        base, plus, variant = name.partition("+")
        known = self._names.get(base.lower())
        if known is None or (plus and variant not in self.variants):
            raise EspeakError("bad_voice", "no such voice or variant")
        self._voice = None
        if self._lib.espeak_SetVoiceByName(f"{known}{plus}{variant}".encode()) != 0:
            raise EspeakError("bad_voice", "the library does not load this voice")
        self._voice = name

    def speak(self, text: str, *, words_per_minute: int, take: Callable[[bytes], bool]) -> None:
        """Gives L16 to `take` while it is made, until the end or until `take` answers False. Raises
        EspeakError.
        """
        self._lib.espeak_SetParameter(_RATE, words_per_minute, 0)
        data = _plain(text).encode()
        self._take = take
        try:
            if self._lib.espeak_Synth(data, len(data) + 1, 0, 0, 0, _CHARS_UTF8, None, None) != 0:
                raise EspeakError("engine", "espeak_Synth failed")
        finally:
            self._take = None

    def phonemes(self, words: Iterable[str]) -> list[str]:
        """IPA of each word as the chosen voice says it alone."""
        self._phonemes(
            "a"
        )  # after speech that was cut short the library puts its last phoneme before the first word
        return [self._phonemes(_plain(word)) for word in words]

    def _phonemes(self, text: str) -> str:
        buffer = ctypes.create_string_buffer(text.encode())
        at = ctypes.c_void_p(ctypes.addressof(buffer))
        clauses: list[str] = []
        while at.value:  # one clause a call; the library sets the pointer to NULL after the last
            clause = self._lib.espeak_TextToPhonemes(
                ctypes.byref(at), _CHARS_UTF8, _PHONEMES_IPA | _PHONEME_SEPARATOR
            )
            clauses.append((clause or b"").decode())
        return "_".join("_".join(clauses).split())

    def _list_voices(self) -> list[tuple[str, tuple[str, ...]]]:
        """Name of each voice's file, and its language tags; each tag is preceded by a byte of priority."""
        found = []
        records = self._lib.espeak_ListVoices(None)
        index = 0
        while records[index]:
            record = records[index].contents
            name = (record.identifier or b"").decode().rpartition("/")[2]
            found.append((name, _language_tags(record.languages or 0)))
            index += 1
        return sorted(found)


def _language_tags(address: int) -> tuple[str, ...]:
    """The list at `address`: priority byte, tag, zero byte; a priority of zero ends it."""
    tags = []
    while address and ctypes.string_at(address, 1) != b"\0":
        tag = ctypes.string_at(address + 1)
        tags.append(tag.decode())
        address += 1 + len(tag) + 1
    return tuple(tags)


def _plain(text: str) -> str:
    """Without control characters: espeak-ng takes 0x01 as the start of a command."""
    return "".join(character if character.isprintable() else " " for character in text)
