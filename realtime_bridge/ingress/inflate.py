"""permessage-deflate (RFC 7692) one way: what comes may be compressed, what goes is not.

The extension lets either side send any message as it is. Compressing speech costs more than it saves, and a
compressor holds a quarter of a megabyte for each call; upstream's mod_audio_stream offers the extension or not,
depending on how it was built.
"""

from __future__ import annotations

from collections.abc import Sequence

from websockets.extensions import Extension
from websockets.extensions.permessage_deflate import PerMessageDeflate, ServerPerMessageDeflateFactory
from websockets.frames import Frame
from websockets.typing import ExtensionParameter


class InflateOnly(PerMessageDeflate):
    def __init__(self, negotiated: PerMessageDeflate) -> None:
        super().__init__(
            negotiated.remote_no_context_takeover,
            True,  # makes no compressor
            negotiated.remote_max_window_bits,
            negotiated.local_max_window_bits,
        )

    def encode(self, frame: Frame) -> Frame:
        return frame


class InflateOnlyFactory(ServerPerMessageDeflateFactory):
    def process_request_params(
        self, params: Sequence[ExtensionParameter], accepted_extensions: Sequence[Extension]
    ) -> tuple[list[ExtensionParameter], InflateOnly]:
        answer, negotiated = super().process_request_params(params, accepted_extensions)
        return answer, InflateOnly(negotiated)
