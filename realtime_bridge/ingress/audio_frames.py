"""Messages of any length become frames of 20 ms of the caller. Pure."""

from __future__ import annotations

from realtime_bridge.leg import LegFormat

SAMPLE_BYTES = 2


class AudioFrames:
    """Headerless L16; of interleaved channels the first is the caller.

    A message holds whole samples, of all channels; mod_audio_stream sends multiples of 20 ms, browsers what they
    have. What is left over waits for the next message.
    """

    __slots__ = ("_block_bytes", "_channels", "_frame_bytes", "_rest")

    def __init__(self, format: LegFormat, channels: int) -> None:  # noqa: A002  the word of Leg
        self._channels = channels
        self._block_bytes = SAMPLE_BYTES * channels
        self._frame_bytes = format.frame_bytes
        self._rest = b""

    def odd(self, message: bytes) -> bool:
        """Whether it ends inside a sample. Joined as it is it would turn all that follows into noise."""
        return len(message) % self._block_bytes != 0

    def split(self, message: bytes) -> list[bytes]:
        """The frames that are complete now. The end of an odd message, less than a sample, is left out."""
        size = self._frame_bytes
        if len(message) == size and self._channels == 1 and not self._rest:
            return [message]
        if excess := len(message) % self._block_bytes:
            message = message[:-excess]
        if self._channels > 1:
            message = memoryview(message).cast("h")[:: self._channels].tobytes()
        samples = self._rest + message
        whole = len(samples) - len(samples) % size
        self._rest = samples[whole:]
        return [samples[start : start + size] for start in range(0, whole, size)]
