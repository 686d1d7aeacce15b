"""What a speech-to-speech provider can do, as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RealtimeCapabilities:
    """
    Attributes:
        turns: Who may decide when the caller's turn begins and ends: `secretary`, `provider`.
        encodings: How audio travels, best for a telephone first: `pcmu_8000`, `pcm_24000`, ...
        cancels: A reply can be stopped where it is made.
        truncates: It can be told how much of a reply was heard, to the millisecond; else it is told in words.
        tools: `sent` with every session, or `configured` at the provider, under the same names.
        max_connection_s: The provider's limit; connections are renewed before it.
        resumes: It keeps a conversation over connections; else the conversation is told again.
    """

    turns: frozenset[str]
    encodings: tuple[str, ...]
    cancels: bool
    truncates: bool
    tools: str
    max_connection_s: float | None = None
    resumes: bool = False
