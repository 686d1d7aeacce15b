from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.dialogue.claims import claimed_tools, unfounded


@pytest.mark.parametrize(
    ("text", "tool"),
    [
        ("Vou transferir você para vendas agora.", "transfer_call"),
        ("Claro, já passo a ligação.", "transfer_call"),
        ("Um momento, estou transferindo.", "transfer_call"),
        ("Anotei o seu recado.", "take_message"),
        ("Pronto! Anotado. Mais alguma coisa?", "take_message"),
        ("Abri um chamado para você.", "create_ticket"),
        ("O número do seu protocolo é 1234.", "create_ticket"),
        ("Registrei a sua solicitação, obrigada.", "create_ticket"),
        ("I'm transferring you now.", "transfer_call"),
        ("I've noted your message.", "take_message"),
        ("I have opened a ticket for you.", "create_ticket"),
        ("ANOTEI!", "take_message"),
    ],
)
def test_what_only_a_tool_does_is_a_claim(text: str, tool: str) -> None:
    assert claimed_tools(text) == {tool}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Quer que eu transfira você para vendas?",
        "Posso anotar um recado.",
        "Se quiser, vou transferir você para vendas.",
        "Ainda não anotei o seu recado.",
        "Não abri um chamado.",
        "Você quer deixar um recado?",
        "Qual é o número do protocolo?",
        "O prazo é de dois dias.",
        "Would you like me to transfer you?",
        "I have not noted your message.",
        "If you like, I will transfer you.",
        "As anotações estão no site.",
    ],
)
def test_an_offer_a_question_and_a_denial_claim_nothing(text: str) -> None:
    assert claimed_tools(text) == frozenset()


def test_what_is_true_may_be_said() -> None:
    text = "Anotei o seu recado. Vou transferir você."
    assert unfounded(text, ["take_message"]) == {"transfer_call"}
    assert unfounded(text, ["take_message", "transfer_call"]) == frozenset()


@given(st.text(max_size=300))
def test_any_text_can_be_judged(text: str) -> None:
    assert unfounded(text, claimed_tools(text)) == frozenset()
