from __future__ import annotations

from dataclasses import replace

import pytest

from tests.fakes.chat_model import ScriptedChatModel, choice_of, says
from tests.fakes.clock import VirtualClock
from tests.fakes.secretaries import MONDAY_NOON, TENANT, turn
from tests.unit.dialogue.conversation import reply
from voice_ai_service.dialogue.dialogue import Dialogue
from voice_ai_service.dialogue.moderation import BlockedWords, Moderator
from voice_ai_service.dialogue.turn import ToolRun, TurnContext
from voice_ai_service.errors import ProviderUnavailable
from voice_ai_service.tenancy.tenant import Tenant

QUESTION = "Pode me dizer qual o prazo de vocês?"
INSTEAD = "Sobre isso eu prefiro não falar."


def asked(*sentences: str, blocked: tuple[str, ...] = ()) -> tuple[TurnContext, VirtualClock]:
    clock = VirtualClock(MONDAY_NOON)
    model = ScriptedChatModel([says(*(f"{sentence} " for sentence in sentences))])
    tenant = replace(TENANT, blocked_words=blocked)
    return turn(QUESTION, model=choice_of(model, clock), tenant=tenant), clock


@pytest.mark.parametrize(
    ("entry", "sentence", "blocked"),
    [
        ("concorrente", "O CONCORRENTE é pior.", True),
        ("concorrente", "Os concorrentes são piores.", False),
        ("dose máxima", "A dose maxima é dez.", True),
        ("dose máxima", "A dose que é máxima.", False),
        ("juros", "Os juros são de dois por cento.", True),
        ("juros", "Bom dia.", False),
    ],
)
async def test_the_tenants_words_are_whole_words_in_their_order(
    entry: str, sentence: str, blocked: bool
) -> None:
    tenant = replace(TENANT, blocked_words=("outra coisa", entry))
    assert (await BlockedWords().judge(tenant, sentence) is not None) is blocked


async def test_a_blocked_sentence_is_replaced_once_and_the_rest_is_said() -> None:
    context, clock = asked(
        "O prazo é de dois dias.",
        "O veneno custa pouco.",
        "O veneno é bom.",
        "Posso ajudar?",
        blocked=("veneno",),
    )
    said = await reply(Dialogue(clock), context)
    assert said.text == f"O prazo é de dois dias. {INSTEAD} Posso ajudar?"
    assert "veneno" not in repr(said)
    assert said.done.tools == (ToolRun("moderation", {"category": "blocked_words"}, "refused"),)


async def test_what_only_two_sentences_together_say_is_not_said_either() -> None:
    context, clock = asked("Fale com o Dr. Silva.", blocked=("dr silva",))
    assert (await reply(Dialogue(clock), context)).text == INSTEAD


async def test_without_a_list_nothing_changes() -> None:
    context, clock = asked("O veneno custa pouco.")
    said = await reply(Dialogue(clock), context)
    assert (said.text, said.done.tools) == ("O veneno custa pouco.", ())


class Judge:
    """Blocks what the test says, or is not there."""

    def __init__(self, category: str | None, *, down: bool = False) -> None:
        self.category = category
        self.down = down
        self.judged: list[str] = []

    async def judge(self, tenant: Tenant, text: str) -> str | None:
        self.judged.append(text)
        if self.down:
            raise ProviderUnavailable("It is down.", provider="moderation")
        return self.category


async def test_what_could_not_be_judged_is_not_said() -> None:
    context, clock = asked("O prazo é de dois dias.")
    judge: Moderator = Judge(None, down=True)
    said = await reply(Dialogue(clock, moderators=(judge,)), context)
    assert said.text == INSTEAD
    assert said.done.tools == (ToolRun("moderation", {"category": "unknown"}, "refused"),)


async def test_every_sentence_is_judged_before_it_leaves_and_the_first_who_blocks_decides() -> None:
    context, clock = asked("O prazo é de dois dias.", "Posso ajudar?")
    first, second = Judge("violence"), Judge(None)
    said = await reply(Dialogue(clock, moderators=(first, second)), context)
    assert said.text == INSTEAD
    assert first.judged[0].startswith("O prazo")
    assert second.judged == []
