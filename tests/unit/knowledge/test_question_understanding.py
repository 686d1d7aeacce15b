"""From a misheard question to concepts, and from a chunk's words to how sure an answer is. No database."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.errors import InvalidInput
from voice_ai_service.knowledge.answers import MAX_ANSWER_CHARS, MAX_PASSAGE_CHARS, answer_in, passage_in
from voice_ai_service.knowledge.concepts import (
    MAX_CONCEPTS,
    Concept,
    LanguageSense,
    Variant,
    concepts_of,
    most_telling,
    question_words,
)
from voice_ai_service.knowledge.evaluation import Question, outcome_of, read_questions, recall
from voice_ai_service.knowledge.follow_up import rewrite_follow_up
from voice_ai_service.knowledge.fusion import HASHING, SEMANTIC, Matched, fuse
from voice_ai_service.knowledge.language_data import LANGUAGES, language_data, without_fillers
from voice_ai_service.knowledge.lexicon import make_lexicon
from voice_ai_service.knowledge.ranking import ChunkWords, Match, Occurrence, match
from voice_ai_service.knowledge.senses import own_synonyms
from voice_ai_service.knowledge.sounds import distance, sound_of
from voice_ai_service.knowledge.thesaurus import make_thesaurus
from voice_ai_service.knowledge.vectors import Near

WORDS = st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=12)


def sense_of(
    *documents: str, language: str = "pt-BR", own: tuple[tuple[str, ...], ...] = ()
) -> LanguageSense:
    """A tenant whose documents have these words, which are their own stems."""
    data = language_data(language)
    groups = tuple(tuple((word,) for word in group) for group in own)
    counts = {word: documents.count(word) for word in documents}
    return LanguageSense(
        data,
        make_lexicon(language, 20, counts),
        make_thesaurus(data, groups, lambda word: word),
        lambda word: word,
    )


def stems(text: str, sense: LanguageSense) -> dict[str, set[str]]:
    found = concepts_of(question_words(text, sense.data), sense)
    return {one.said: {" ".join(variant.stems) for variant in one.variants} for one in found}


@pytest.mark.parametrize(
    ("heard", "written", "language"),
    [
        ("orario", "horario", "pt-BR"),
        ("funsionamento", "funcionamento", "pt-BR"),
        ("xave", "chave", "pt-BR"),
        ("caza", "casa", "pt-BR"),
        ("fone", "phone", "en"),
        ("nife", "knife", "en"),
        ("rong", "wrong", "en"),
        ("sity", "city", "en"),
    ],
)
def test_words_that_sound_alike_have_one_key(heard: str, written: str, language: str) -> None:
    assert sound_of(heard, language) == sound_of(written, language)


@pytest.mark.parametrize(("one", "other"), [("quit", "cat"), ("boat", "bath"), ("cost", "cast")])
def test_words_that_do_not_sound_alike_have_two(one: str, other: str) -> None:
    assert sound_of(one, "en") != sound_of(other, "en")


@given(WORDS, WORDS)
def test_distance_is_symmetric_bounded_and_zero_for_equals(one: str, other: str) -> None:
    assert distance(one, one, 2) == 0
    assert distance(one, other, 3) == distance(other, one, 3)
    assert 0 <= distance(one, other, 2) <= 3
    assert (distance(one, other, 2) == 0) == (one == other)


@given(WORDS, st.integers(0, 11))
def test_one_dropped_letter_is_one_edit(word: str, at: int) -> None:
    shorter = word[: at % len(word)] + word[at % len(word) + 1 :]
    assert distance(word, shorter, 2) == 1


def test_swapped_neighbours_are_one_edit() -> None:
    assert distance("agenda", "agedna", 2) == 1


def test_a_misheard_question_finds_the_words_of_the_documents() -> None:
    sense = sense_of("horario", "funcionamento", "estorno", "drone")
    assert stems("qual o orario de funsionamento", sense)["orario"] == {"horario"}
    assert stems("qual o orario de funsionamento", sense)["funsionamento"] == {"funcionamento"}
    assert stems("quero o reimbouso", sense)["reimbouso"] == {"estorno"}


def test_a_word_of_the_language_is_not_corrected_into_another() -> None:
    """ "carro" is in the dictionary that ships: it was not meant to be "barro"."""
    assert "barro" not in stems("lavar o carro", sense_of("barro"))["carro"]


def test_what_a_misheard_word_may_be_does_not_hang_on_the_order_of_the_documents() -> None:
    letters = "abcdefghijklmnopqrstuvwxy"
    alike = [f"parcel{letter}" for letter in letters] + [
        f"parce{letter}z" for letter in letters if letter != "l"
    ]
    forwards = make_lexicon("en", 20, dict.fromkeys(alike, 1))
    backwards = make_lexicon("en", 20, dict.fromkeys(reversed(alike), 1))
    found = forwards.relatives("parcelz")
    assert 1 < len(found) < len(alike)
    assert found == backwards.relatives("parcelz")


def test_everyday_synonyms_and_phrases_stand_for_each_other() -> None:
    sense = sense_of("estorno", "fatura", "refeicao")
    assert stems("quero meu dinheiro de volta", sense)["dinheiro"] == {"estorno"}
    assert stems("quero meu dinheiro de volta", sense)["volta"] == {"estorno"}
    assert "fatura" in stems("meu boleto", sense)["boleto"]


def test_what_is_asked_in_passing_is_a_cue() -> None:
    assert "valor" in stems("quanto custa a limpeza", sense_of("valor", "limpeza"))["custa"]


def test_the_tenants_own_synonyms_count_more_than_ours() -> None:
    sense = sense_of("plano", "blindado", own=(("escudo", "blindado"),))
    (concept,) = concepts_of(("escudo",), sense)
    assert concept.variants == (Variant(("blindado",), 0.9),)


def test_a_word_that_no_document_has_is_a_concept_without_variants_and_weighs() -> None:
    (pizza,) = concepts_of(question_words("vocês têm pizza", language_data("pt-BR")), sense_of("horario"))
    assert (pizza.said, pizza.variants) == ("pizza", ())
    assert pizza.weight > 0


def test_words_heard_apart_and_together() -> None:
    assert "wi fi" in stems("senha do wifi", sense_of("wi", "fi", "senha"))["wifi"]
    assert "checkin" in stems("fazer check in", sense_of("checkin"))["check"]


@given(st.lists(WORDS, max_size=80))
def test_any_utterance_gives_a_bounded_question(spoken: list[str]) -> None:
    sense = sense_of("horario", "estorno", "garantia", "entrega", "consulta")
    found = concepts_of(question_words(" ".join(spoken), sense.data), sense)
    assert len(found) <= MAX_CONCEPTS + 4
    assert all(one.weight >= 0 and all(0 < v.likeness <= 1 for v in one.variants) for one in found)


def test_a_quote_in_an_utterance_is_no_part_of_a_word() -> None:
    assert question_words("d'água '; DROP TABLE x; --", language_data("pt-BR")) == (
        "dagua",
        "drop",
        "table",
        "x",
    )


def test_common_words_do_not_choose_candidates() -> None:
    common = Concept("empresa", 0.5, (Variant(("empresa",), 1.0),))
    rare = [Concept(f"raro{n}", 3.0, (Variant((f"raro{n}",), 1.0),)) for n in range(2)]
    lexicon = make_lexicon("pt-BR", 100, {"empresa": 90, "raro0": 1, "raro1": 1})
    assert most_telling([common, *rare], lexicon, 100_000) == (rare[:1], [rare[1], common])
    assert most_telling([common, *rare], lexicon, 50_000) == (rare, [common])
    assert most_telling([common, *rare], lexicon, 100) == ([*rare, common], [])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_data_of_a_language_is_whole(language: str) -> None:
    data = language_data(language)
    assert len(data.synonyms) > 100
    assert all(len(group) > 1 for group in data.synonyms)
    assert data.fillers[0] == max(data.fillers, key=len)


def test_fillers_are_cut_out_longest_first_and_never_the_whole_question() -> None:
    data = language_data("pt-BR")
    assert question_words("bom dia eu queria saber o preço", data) == ("o", "preco")
    assert question_words("bom dia", data) == ("bom", "dia")


@given(st.lists(st.sampled_from(["por", "favor", "bom", "dia", "preco"]), max_size=12))
def test_cutting_fillers_only_removes(spoken: list[str]) -> None:
    kept = without_fillers(spoken, (("por", "favor"), ("bom", "dia")))
    left = iter(spoken)
    assert all(word in left for word in kept)


def concept(said: str, weight: float = 2.0) -> Concept:
    return Concept(said, weight, (Variant((said,), 1.0),))


def chunk(size: int = 40, **places: tuple[int, ...]) -> ChunkWords:
    return ChunkWords(size, {stem: Occurrence(at) for stem, at in places.items()})


def test_words_close_together_cover_more_than_words_apart() -> None:
    asked = (concept("prazo"), concept("troca"))
    near = match(asked, chunk(prazo=(3,), troca=(9,)), 40)
    apart = match(asked, chunk(prazo=(3,), troca=(400,)), 40)
    assert near.window == 1.0
    assert apart.window == 0.5
    assert near.everywhere == apart.everywhere == 1.0
    assert near.coverage > apart.coverage


def test_the_words_of_a_phrase_must_stand_together() -> None:
    asked = (Concept("wifi", 2.0, (Variant(("wi", "fi"), 0.6),)),)
    assert match(asked, chunk(wi=(3,), fi=(4,)), 40).window == pytest.approx(0.6)
    assert match(asked, chunk(wi=(3,), fi=(40,)), 40) == Match()


def test_a_heading_is_close_to_everything_below_it() -> None:
    words = ChunkWords(40, {"garantia": Occurrence((1,), in_heading=True)})
    assert match((concept("garantia"),), words, 40).heading == 1.0


@given(
    st.dictionaries(
        st.sampled_from("abcdef"), st.lists(st.integers(1, 500), min_size=1, max_size=5), min_size=1
    ),
    st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=6, unique=True),
)
def test_shares_stay_between_nothing_and_everything(places: dict[str, list[int]], asked: list[str]) -> None:
    found = match(
        [concept(one) for one in asked],
        ChunkWords(40, {k: Occurrence(tuple(sorted(v))) for k, v in places.items()}),
        40,
    )
    for share in (found.window, found.everywhere, found.firm, found.heading, found.coverage):
        assert 0.0 <= share <= 1.0 + 1e-9
    assert found.window <= found.everywhere + 1e-9
    assert found.firm <= found.window + 1e-9


ONE, TWO, THREE, DOC, OTHER = (UUID(int=number) for number in range(1, 6))


def test_both_methods_rank_alone_and_the_fused_order_has_all() -> None:
    matched = (Matched(ONE, DOC, Match(5.0, 1.0, 1.0, 1.0)), Matched(TWO, DOC, Match(1.0, 0.2, 0.2, 0.2)))
    near = (Near(THREE, OTHER, 0.5), Near(ONE, DOC, 0.4))
    fused = fuse(matched, near, HASHING)
    assert fused[0].chunk_uuid == ONE
    assert {one.chunk_uuid: (one.lexical_rank, one.vector_rank) for one in fused} == {
        ONE: (1, 2),
        TWO: (2, None),
        THREE: (None, 1),
    }


def test_nothing_found_is_nothing() -> None:
    assert fuse((), (), SEMANTIC) == []


def test_a_passage_without_anything_in_common_is_not_sure() -> None:
    assert HASHING.sureness.of(Match(), 0.0) < 0.1
    assert HASHING.sureness.of(Match(8.0, 1.0, 1.0, 1.0, 1.0, 3), 0.4) > 0.9


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 30))
def test_more_in_common_is_never_less_sure(window: float, more: float, strength: float) -> None:
    low, high = sorted((window, more))
    for blend in (HASHING, SEMANTIC):
        assert blend.sureness.of(Match(strength, low, low, low), 0.2) <= blend.sureness.of(
            Match(strength, high, high, high), 0.2
        )


@pytest.mark.parametrize(
    ("before", "heard", "searched"),
    [
        ("que horas vocês abrem", "e aos sábados?", "e aos sábados? que horas vocês abrem"),
        ("what time do you open", "and on Saturdays?", "and on Saturdays? what time do you open"),
        ("vocês aceitam unimed", "quanto custa isso", "quanto custa isso vocês aceitam unimed"),
        ("do you take dogs", "what about cats", "what about cats do you take dogs"),
        ("que horas vocês abrem", "onde fica o estacionamento", "onde fica o estacionamento"),
        ("bom dia", "e o estacionamento", "e o estacionamento"),
        (
            "que horas vocês abrem",
            "e eu queria saber se vocês fazem exame de sangue no sábado de manhã",
            "e eu queria saber se vocês fazem exame de sangue no sábado de manhã",
        ),
    ],
)
def test_follow_ups_take_the_topic_of_the_question_before(before: str, heard: str, searched: str) -> None:
    assert rewrite_follow_up((before,), heard) == searched


def test_a_follow_up_of_a_follow_up_takes_the_question_that_began_it() -> None:
    history = ("quanto custa a consulta particular", "e o retorno?")
    assert (
        rewrite_follow_up(history, "e para crianças?")
        == "e para crianças? quanto custa a consulta particular"
    )


@given(st.lists(st.text(max_size=40), max_size=6), st.text(max_size=80))
def test_rewriting_keeps_what_was_heard(history: list[str], heard: str) -> None:
    assert heard.strip() in rewrite_follow_up(history, heard)


TEXT = (
    "A loja abre às nove. O estorno sai em cinco dias úteis na mesma forma de pagamento. "
    "No cartão ele aparece na fatura seguinte. Temos estacionamento."
)


def test_the_sentence_that_answers_and_the_one_after_it() -> None:
    answer = answer_in(TEXT, [concept("estorno"), concept("cartao")], lambda word: word)
    assert answer.startswith("O estorno sai")
    assert answer.endswith("fatura seguinte.")
    assert answer_in(TEXT, [concept("pizza")], lambda word: word) == ""


@given(st.text(max_size=3000), st.sampled_from(["a", "estorno", "o"]))
def test_answers_and_passages_are_bounded(text: str, word: str) -> None:
    answer = answer_in(text, [concept(word)], lambda one: one)
    assert len(answer) <= MAX_ANSWER_CHARS
    assert len(passage_in(text, answer)) <= MAX_PASSAGE_CHARS


def test_a_long_passage_is_cut_around_its_answer() -> None:
    text = "Palavra sem valor. " * 200 + "O estorno sai em cinco dias. " + "Outra frase qualquer. " * 200
    assert "O estorno sai em cinco dias." in passage_in(text, "O estorno sai em cinco dias.")


def test_recall_counts_a_document_once() -> None:
    asked = Question("?", "b.md")
    assert outcome_of(asked, ["a.md", "a.md", "B", "c.md"]).rank == 2
    assert outcome_of(asked, ["a.md"]).rank is None
    outcomes = [outcome_of(asked, ["b.md"]), outcome_of(asked, ["a.md", "b.md"])]
    assert (recall(outcomes, 1), recall(outcomes, 3)) == (0.5, 1.0)


@pytest.mark.parametrize("line", ["{", "[]", '{"question": "x"}', "3"])
def test_a_line_that_is_no_question_is_named(line: str) -> None:
    with pytest.raises(InvalidInput, match="Line 2"):
        read_questions(['{"question": "a", "document": "b"}', line])


@pytest.mark.parametrize("value", [None, {}, "x", [["one"]], [[1, 2]], [[]], [[""]], [["a b c d e", "x"]]])
def test_synonyms_of_another_shape_are_left_out(value: object) -> None:
    assert own_synonyms(value) == ()


def test_own_synonyms_are_folded() -> None:
    assert own_synonyms([["Revisão Geral", "check-up", 7]]) == ((("revisao", "geral"), ("check", "up")),)
