"""What a file is, by what is in it."""

from __future__ import annotations

import codecs
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import document_files as files
from voice_ai_service.errors import InvalidInput, UnsupportedMedia
from voice_ai_service.knowledge.files.clean import decoded, lines_of, one_line
from voice_ai_service.knowledge.files.kind import FileKind, delimiter_of, kind_of


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (files.pdf([[("a", 11)]]), FileKind.PDF),
        (b"\n\n" + files.pdf([[("a", 11)]]), FileKind.PDF),
        (files.word(lambda document: document.add_paragraph("x")), FileKind.DOCX),
        (b"<!doctype HTML>\n<p>x", FileKind.HTML),
        (b"\xef\xbb\xbf<html><body>x", FileKind.HTML),
        (b"<div class='a'><p>x</p><h1>y</h1></div>", FileKind.HTML),
        (b"nome;valor\na;1\nb;2\n", FileKind.CSV),
        (b'name,price\n"a, b",1\nc,2\n', FileKind.CSV),
        (b"name\tprice\na\t1\n", FileKind.CSV),
        ("nome;valor\na;1\n".encode("utf-16"), FileKind.CSV),
        (b"# Title\n\ntext", FileKind.MARKDOWN),
        (b"Title\n=====\n\ntext", FileKind.MARKDOWN),
        (b"| a | b |\n|---|---|\n| 1 | 2 |\n", FileKind.MARKDOWN),
        (b"Just text, with a comma.\nAnd, well, another line.", FileKind.TEXT),
        (b"Dear all, hello\nSee you, bye\n", FileKind.TEXT),
        (b"MZ is how this sentence begins.", FileKind.TEXT),
        (b"BM too", FileKind.TEXT),
        (b"a < b and b > c, is it not?", FileKind.TEXT),
    ],
)
def test_kinds(content: bytes, kind: FileKind) -> None:
    assert kind_of(content) is kind


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (files.program(), "program"),
        (files.program() + files.pdf([[("a", 11)]]), "program"),
        (files.picture(), "picture"),
        (b"\x7fELF\x02\x01\x01" + bytes(50), "program"),
        (b"\x1f\x8b\x08" + bytes(50), "compressed"),
        (files.old_word_document(), "Office"),
        (files.zipped({"a.txt": b"x"}), "ZIP"),
        (files.zipped({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<x/>"}), "Excel"),
        (b"{\\rtf1 hello}", "RTF"),
        (bytes(range(1, 256)) * 3, "not text"),
        (b"\0" * 100 + b"abc" * 9, "not text"),
        (codecs.BOM_UTF8 + b"\xff\xfe\xfa", "not text"),
    ],
)
def test_other_things_are_refused_by_name(content: bytes, word: str) -> None:
    with pytest.raises(UnsupportedMedia, match=word) as caught:
        kind_of(content)
    assert caught.value.field == "file"


@pytest.mark.parametrize("content", [b"", b"  \r\n\t"])
def test_nothing_is_empty(content: bytes) -> None:
    with pytest.raises(InvalidInput, match="empty"):
        kind_of(content)


@pytest.mark.parametrize(
    "content",
    [
        files.word(lambda document: document.add_paragraph("x"))[:-30],
        b"PK\x03\x04" + bytes(100),
        b"PK",
    ],
)
def test_a_damaged_archive_is_told_as_such(content: bytes) -> None:
    with pytest.raises(InvalidInput, match="damaged"):
        kind_of(content)


def test_bombs_are_told_by_their_list_of_contents() -> None:
    with pytest.raises(InvalidInput, match="unpacks"):
        kind_of(files.zip_bomb())
    many = files.zipped({f"part{number}": b"" for number in range(6000)})
    with pytest.raises(InvalidInput, match="unpacks"):
        kind_of(many)


@given(st.binary(max_size=400))
def test_whatever_comes_is_a_kind_or_a_refusal(content: bytes) -> None:
    for prefix in (b"", b"PK\x03\x04", b"%PDF-", b"<html>", codecs.BOM_UTF16_LE):
        with suppress(InvalidInput, UnsupportedMedia):
            kind_of(prefix + content)


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1))
def test_text_comes_back_from_its_encodings(text: str) -> None:
    assert decoded(text.encode("utf-8-sig")) == text
    assert decoded(codecs.BOM_UTF16_LE + text.encode("utf-16-le")) == text
    assert decoded(text.encode("utf-8")) == text or text.startswith("\ufeff")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "cp1252", "latin-1"])
def test_portuguese_without_a_mark(encoding: str) -> None:
    text = "A recepção não abre à noite; ligue amanhã às 8h. É só isso."
    assert decoded(text.encode(encoding)) == text


@given(st.text())
def test_a_line_has_nothing_unseen_and_is_stable(text: str) -> None:
    line = one_line(text)
    assert line == line.strip()
    assert not any(sign in line for sign in "\n\r\0\x1b\u200b\u202e\ufeff\u2028")
    line.encode("utf-8")
    assert one_line(line) == line


def test_breaks_of_all_systems() -> None:
    assert lines_of("a\r\nb\rc\nd\u2028e\x0cf") == ["a", "b", "c", "d", "e", "f"]


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a;b\n1;2", ";"),
        ("a,b,c\n1,2,3\n", ","),
        ("a|b\n1|2", "|"),
        ("a, b\nc, d", None),
        ("a;b\n1;2;3", None),
        ("a", None),
    ],
)
def test_delimiters(text: str, delimiter: str | None) -> None:
    assert delimiter_of(text) == delimiter
