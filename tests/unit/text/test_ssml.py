from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.text import ssml

ALLOWED = ("break", "prosody", "say-as", "sub", "emphasis")


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ('Olá,<break time="1s"/> tudo bem?', "Olá, tudo bem?"),
        ("<speak>Olá &amp; até logo</speak>", "Olá & até logo"),
        ('<sub alias="World Wide Web">WWW</sub>', "World Wide Web"),
        ("a < b, x > y e 3 <4", "a < b, x > y e 3 <4"),
        ("AT&amp;T", "AT&amp;T"),
        ("<script>oi</script>", "<script>oi</script>"),
        ("<emphasis>muito</emphasis> bom", "muito bom"),
    ],
)
def test_the_words_alone(text: str, plain: str) -> None:
    assert ssml.plain(text) == plain


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("a < b & c", "a &lt; b &amp; c"),
        ('Olá,<break time="1s"/> tudo', 'Olá,<break time="1s"/> tudo'),
        ("<prosody rate='slow'>a &amp; b</prosody>", '<prosody rate="slow">a &amp; b</prosody>'),
        ('<audio src="http://a/b.wav"/>oi', "oi"),
        ('<voice name="x">oi</voice>', "oi"),
        ('<prosody rate="slow">cortado', "cortado"),
        ("<emphasis>a<prosody>b</emphasis></prosody>", "ab"),
        ("<prosody rate=slow>oi</prosody>", "oi"),
        ('<break time="1s" time="2s"/>oi', "oi"),
        ("fim</prosody>", "fim"),
    ],
)
def test_what_stands_in_an_engines_document(text: str, content: str) -> None:
    assert ssml.content(text, ALLOWED) == content


PARTS = st.sampled_from(
    ["a", " ", "<", ">", "&", "&amp;", "&#65;", '"', "'", "<break/>", '<break time="1s"/>', "<prosody>", "</prosody>",
     '<prosody rate="x" rate="y">', "<speak>", "</speak>", "<s", "</", "<sub alias='a'>", "</sub>", "<say-as ", "]]>"]
)  # fmt: skip


@given(st.lists(PARTS, max_size=14))
def test_any_text_makes_a_document_that_can_be_parsed(parts: list[str]) -> None:
    ElementTree.fromstring(f"<speak>{ssml.content(''.join(parts), ALLOWED)}</speak>")
