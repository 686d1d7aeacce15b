"""Between a leg's audio and a vendor's: encodings and rates. One object a direction and stretch of speech."""

from __future__ import annotations

from realtime_bridge.providers.vendor import WireAudio
from voice_ai_service.audio.g711 import decode, encode
from voice_ai_service.audio.resample import StreamResampler


class ToWire:
    """The caller's L16 at the leg's rate, as the vendor takes it."""

    def __init__(self, leg_rate_hz: int, wire: WireAudio) -> None:
        self._resampler = StreamResampler(leg_rate_hz, wire.sample_rate_hz)
        self._encoding = wire.encoding

    def code(self, samples: bytes) -> bytes:
        return encode(self._resampler.process(samples), self._encoding)


class FromWire:
    """One reply's audio as L16 at the leg's rate. Pieces may end in the middle of a sample."""

    def __init__(self, wire: WireAudio, leg_rate_hz: int) -> None:
        self.wire = wire
        self._resampler = StreamResampler(wire.sample_rate_hz, leg_rate_hz)
        self._odd = b""

    def samples(self, coded: bytes) -> bytes:
        if self.wire.encoding.bytes_per_sample == 2:
            coded = self._odd + coded
            whole = len(coded) // 2 * 2
            self._odd = coded[whole:]
            coded = coded[:whole]
        return self._resampler.process(decode(coded, self.wire.encoding))
