"""Why a file is not taken, in words for whoever uploaded it. Each says what would help."""

from __future__ import annotations

from voice_ai_service.errors import InvalidInput, TooLarge, UnsupportedMedia

FIELD = "file"
_TAKEN = "PDF, Word (.docx), text, Markdown, HTML or CSV"


def empty() -> InvalidInput:
    return InvalidInput("The file is empty", field=FIELD, fix="Upload the file again")


def too_large(max_bytes: int) -> TooLarge:
    return TooLarge(
        "The file is larger than this domain allows",
        field=FIELD,
        fix=f"Send at most {max_bytes} bytes, or split the document",
    )


def unsupported(what: str) -> UnsupportedMedia:
    return UnsupportedMedia(
        f"The file is {what}, whatever its name says", field=FIELD, fix=f"Upload {_TAKEN}"
    )


def old_word() -> UnsupportedMedia:
    return UnsupportedMedia(
        "The file is an old Office document, or one with a password",
        field=FIELD,
        fix="Open it, remove the password, and save it as .docx or PDF",
    )


def macros() -> UnsupportedMedia:
    return UnsupportedMedia(
        "The document contains macros", field=FIELD, fix="Save it as a Word document without macros (.docx)"
    )


def bomb() -> InvalidInput:
    return InvalidInput(
        "The file unpacks to far more than it should",
        field=FIELD,
        fix="Save the document anew with its own program, without large pictures",
    )


def encrypted() -> InvalidInput:
    return InvalidInput(
        "The PDF is protected by a password",
        field=FIELD,
        fix="Save it without a password and upload it again",
    )


def scanned() -> InvalidInput:
    return InvalidInput(
        "The PDF holds pictures of pages and no text",
        field=FIELD,
        fix="Run it through text recognition (OCR) and upload the result",
    )


def no_text() -> InvalidInput:
    return InvalidInput("There is no text in the file", field=FIELD, fix="Upload a file that has text")


def corrupt(what: str) -> InvalidInput:
    return InvalidInput(
        f"The {what} is damaged and cannot be read",
        field=FIELD,
        fix="Open it with its own program, save it anew and upload it again",
    )


def too_complex() -> InvalidInput:
    return InvalidInput(
        "Reading the file takes too much time or memory",
        field=FIELD,
        fix="Split the document, or save it anew as a simpler PDF or as text",
    )


def too_long(max_chunks: int) -> TooLarge:
    return TooLarge(
        "The document is too long",
        field=FIELD,
        fix=f"Split it: one document has at most {max_chunks} passages",
    )
