"""What FreeSWITCH says to a command, as a result or as one of our errors."""

from __future__ import annotations

from voice_ai_service.errors import NotFound, Unavailable

_GONE = (
    "No such channel",
    "invalid session id",
    "Invalid uuid",
    "No Such Channel",
    "Can't locate",
    "Cannot locate",
)


def is_error(text: str) -> bool:
    return text.startswith(("-ERR", "-USAGE"))


def checked(text: str) -> str:
    """The reply without its line end.

    Raises:
        NotFound: the channel is gone.
        Unavailable: the PBX cannot do it: a module that is not loaded, a state that does not allow it.
    """
    text = text.strip()
    if not is_error(text):
        return text
    if any(sign in text for sign in _GONE):
        raise NotFound("The channel is gone", detail=text)
    raise Unavailable("The PBX refused a command", detail=text, fix="Debug logs have its words")
