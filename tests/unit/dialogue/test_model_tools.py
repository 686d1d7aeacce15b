"""A model with tools that reach beyond the dialogue, and a model that only claims to have used them."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace

import pytest

from tests.fakes.chat_model import ScriptedChatModel, Step, breaks, calls, choice_of, says, tool_call
from tests.fakes.clock import VirtualClock
from tests.fakes.secretaries import CALL, DOMAIN, MONDAY_NOON
from tests.fakes.tools import FakeDesk, FakeVerb
from tests.fakes.virtual_time import virtual_time
from tests.unit.dialogue.conversation import Conversation, Said, reply
from voice_ai_service.dialogue.actions import Continue, HangUp, Transfer
from voice_ai_service.dialogue.call_state import Speaker, TurnRecord
from voice_ai_service.dialogue.create_ticket import CreateTicket
from voice_ai_service.dialogue.errands import Errands
from voice_ai_service.dialogue.toolbox import ToolKit, Verb
from voice_ai_service.dialogue.turn import Heard, ToolResult, TurnContext
from voice_ai_service.errors import Unavailable
from voice_ai_service.providers.llm.seam import ChatDone, Role

QUESTION = "Pode me dizer qual o prazo de vocês?"
NUMBER = "4 8 2 1 7 7 3 5"


class Talk:
    """One call with a scripted model and tools."""

    def __init__(self, model: ScriptedChatModel, *verbs: Verb) -> None:
        clock = VirtualClock(MONDAY_NOON)
        self.kit = ToolKit(verbs, Errands())
        self.conversation = Conversation(model=choice_of(model, clock), clock=clock)

    def turn(self, text: str = QUESTION) -> TurnContext:
        return replace(self.conversation.turn(Heard(text, "pt-BR")), tools=self.kit)

    async def say(self, text: str = QUESTION) -> Said:
        return await reply(self.conversation.dialogue, self.turn(text))


def desk_tool(desk: FakeDesk) -> CreateTicket:
    return CreateTicket(desk, wanted=desk.takes)


async def test_a_ticket_is_requested_and_its_number_told() -> None:
    desk = FakeDesk()
    model = ScriptedChatModel(
        [
            calls("create_ticket", "Um momento.", subject="Segunda via", description="Boleto de março"),
            says(f"Registrei a sua solicitação, protocolo {NUMBER}."),
        ]
    )
    talk = Talk(model, desk_tool(desk))
    talk.conversation.state.turns.append(
        TurnRecord(turn=0, started_at=MONDAY_NOON, said="Bom dia, padaria Sol.", audio_ms=900, played_ms=900)
    )
    said = await talk.say("quero a segunda via do boleto por favor")
    (ticket,) = desk.taken.values()
    assert (ticket.domain_uuid, ticket.call_uuid, ticket.turn) == (DOMAIN, CALL, 1)
    assert (ticket.subject, ticket.description) == ("Segunda via", "Boleto de março")
    assert ticket.caller_number == "+5511987654321"
    assert [(line.speaker, line.text) for line in ticket.lines] == [
        (Speaker.SECRETARY, "Bom dia, padaria Sol."),
        (Speaker.CALLER, "quero a segunda via do boleto por favor"),
    ]
    assert said.text == f"Um momento. Registrei a sua solicitação, protocolo {NUMBER}."
    assert said.action == Continue()
    assert [(tool.name, tool.outcome) for tool in said.done.tools] == [("create_ticket", "ok")]
    result = model.requests[1].messages[-1]
    assert result.role is Role.TOOL
    assert NUMBER in result.text


@pytest.mark.parametrize("second", [breaks(), says(""), says("**")], ids=["dies", "mute", "empty"])
async def test_what_was_done_is_told_though_the_model_says_nothing_more(second: list[Step]) -> None:
    desk = FakeDesk()
    model = ScriptedChatModel([calls("create_ticket", subject="Segunda via"), second])
    said = await Talk(model, desk_tool(desk)).say()
    assert said.text == f"Registrei a sua solicitação. O número do protocolo é {NUMBER}."
    assert [tool.outcome for tool in said.done.tools] == ["ok"]
    assert len(desk.taken) == 1


@pytest.mark.parametrize(
    ("desk", "outcome", "sentence"),
    [
        (FakeDesk(fails=Unavailable("database down")), "failed", "Desculpe, ainda não fiz isso."),
        (FakeDesk(takes_s=60), "late", "Ainda não tenho a confirmação disso."),
    ],
)
def test_a_ticket_that_failed_is_not_claimed(desk: FakeDesk, outcome: str, sentence: str) -> None:
    @virtual_time
    async def run() -> None:
        claim = says("Pronto, abri um chamado. O protocolo é 12345678.")
        model = ScriptedChatModel([calls("create_ticket", subject="Segunda via"), claim, claim])
        said = await Talk(model, desk_tool(desk)).say()
        assert [tool.outcome for tool in said.done.tools] == [outcome]
        assert "12345678" not in said.text
        assert said.text.startswith(sentence)

    run()


async def test_where_nobody_takes_tickets_none_is_offered_or_made() -> None:
    desk = FakeDesk(takes=False)
    model = ScriptedChatModel([calls("create_ticket", subject="x"), says("Quer deixar um recado?")])
    said = await Talk(model, desk_tool(desk)).say()
    assert model.requests[0].tool("create_ticket") is None
    assert [tool.outcome for tool in said.done.tools] == ["unknown"]
    assert desk.asked == 0


@pytest.mark.parametrize("subject", [None, "", "  ", 7, ["x"], {"a": 1}])
async def test_a_ticket_needs_a_subject(subject: object) -> None:
    desk = FakeDesk()
    model = ScriptedChatModel([calls("create_ticket", subject=subject), says("Sobre o que é?")])
    said = await Talk(model, desk_tool(desk)).say()
    assert desk.asked == 0
    assert said.text == "Sobre o que é?"


async def test_a_ticket_of_the_call_may_be_spoken_of_later_and_is_not_made_again() -> None:
    desk = FakeDesk()
    script = [
        calls("create_ticket", subject="Segunda via"),
        says("Registrado."),
        says("Como disse, abri um chamado."),
    ]
    talk = Talk(ScriptedChatModel(script), desk_tool(desk))
    first = await talk.say()
    talk.conversation.state.turns.append(
        TurnRecord(
            turn=1,
            started_at=MONDAY_NOON,
            heard=QUESTION,
            said=first.text,
            tools=[
                {"name": tool.name, "arguments": tool.arguments, "outcome": tool.outcome}
                for tool in first.done.tools
            ],
        )
    )
    model = ScriptedChatModel(script[2:])
    talk.conversation.model = choice_of(model, talk.conversation.clock)
    said = await talk.say("e o meu boleto?")
    assert said.text == "Como disse, abri um chamado."
    assert (
        "Done already in this call, not to be done again: create_ticket (Segunda via)"
        in model.requests[0].system
    )


@virtual_time
async def test_a_ticket_is_made_though_the_caller_barges_in_and_the_next_turn_knows() -> None:
    desk = FakeDesk(takes_s=1.0)
    talk = Talk(
        ScriptedChatModel([calls("create_ticket", "Um momento.", subject="Segunda via"), says("Feito.")]),
        desk_tool(desk),
    )
    async with aclosing(talk.conversation.dialogue.respond(talk.turn())) as events:
        await anext(events)
        pull = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0.5)
        pull.cancel()
        await asyncio.gather(pull, return_exceptions=True)
    await asyncio.sleep(1)
    assert len(desk.taken) == 1
    model = ScriptedChatModel([says("Já está registrado.")])
    talk.conversation.model = choice_of(model, talk.conversation.clock)
    said = await talk.say("e então?")
    assert "create_ticket (Segunda via)" in model.requests[0].system
    assert [(tool.name, tool.outcome) for tool in said.done.tools] == [("create_ticket", "ok")]


async def test_a_look_up_and_then_a_transfer_in_one_turn() -> None:
    look = FakeVerb("check_extension_available", result=ToolResult("vendas can be rung now."))
    model = ScriptedChatModel(
        [
            calls("check_extension_available", destination="vendas"),
            calls("transfer_call", destination="vendas", subject="um orçamento"),
        ]
    )
    said = await Talk(model, look).say()
    assert isinstance(said.action, Transfer)
    assert said.action.subject == "um orçamento"
    assert [tool.outcome for tool in said.done.tools] == ["ok", "ok"]


async def test_a_model_that_looks_things_up_for_ever_is_stopped() -> None:
    look = FakeVerb(result=ToolResult("again"))
    model = ScriptedChatModel([calls("look_up")] * 20)
    said = await Talk(model, look).say()
    assert len(model.requests) == 4
    assert said.text == "Desculpe, tive um problema. Pode repetir, por favor?"


async def test_where_a_result_came_from_is_stored() -> None:
    look = FakeVerb(result=ToolResult("Dois dias.", sources=("doc-1#0",)))
    model = ScriptedChatModel([calls("look_up"), says("O prazo é de dois dias.")])
    assert (await Talk(model, look).say()).done.sources == ("doc-1#0",)


# Claims


@pytest.mark.parametrize(
    "claim",
    [
        "Vou transferir você para vendas agora.",
        "Anotei o seu recado.",
        "Abri um chamado, o protocolo é 1234.",
        "Claro! Anotei o seu recado e vou transferir você. Até logo.",
    ],
)
async def test_what_no_tool_did_is_not_heard(claim: str) -> None:
    model = ScriptedChatModel([says(claim), says("Quer deixar um recado?")])
    said = await Talk(model).say()
    assert said.text == "Quer deixar um recado?"
    assert said.action == Continue()
    told = model.requests[1].messages[-1]
    assert (told.role, "no tool was called" in told.text) == (Role.USER, True)


async def test_a_model_that_insists_is_answered_for() -> None:
    model = ScriptedChatModel([says("Anotei."), says("Já anotei tudo.")])
    said = await Talk(model).say()
    assert said.text == "Desculpe, ainda não fiz isso. Como posso ajudar?"
    assert len(model.requests) == 2


async def test_told_so_the_model_does_it() -> None:
    model = ScriptedChatModel(
        [says("Anotei o seu recado."), calls("take_message", message="Ligar para o João")]
    )
    said = await Talk(model).say()
    assert said.done.state.message_text == "Ligar para o João"
    assert said.text.startswith("Anotei o seu recado.")


async def test_a_claim_that_its_tool_makes_true_is_heard_as_it_was_said() -> None:
    model = ScriptedChatModel([calls("take_message", "Pronto, anotei o seu recado.", message="Ligar")])
    said = await Talk(model).say()
    assert said.text == "Pronto, anotei o seu recado."
    assert len(model.requests) == 1


async def test_asking_for_the_message_does_not_make_it_taken() -> None:
    said = await Talk(ScriptedChatModel([calls("take_message", "Anotei o seu recado.")])).say()
    assert "Anotei" not in said.text
    assert said.text.startswith("Pode falar o seu recado")


async def test_nobody_is_hung_up_on_with_an_untruth() -> None:
    lie: list[Step] = calls("end_call", "Anotei o seu recado, até logo.")
    step: list[Step] = [
        tool_call("take_message", {"message": "Ligar"}, "a"),
        tool_call("end_call", {}, "b"),
        ChatDone("tool_calls"),
    ]
    model = ScriptedChatModel([lie, step])
    said = await Talk(model).say()
    assert isinstance(said.action, HangUp)
    assert said.done.state.message_text == "Ligar"
    assert [(tool.name, tool.outcome) for tool in said.done.tools] == [
        ("end_call", "refused"),
        ("take_message", "ok"),
        ("end_call", "ok"),
    ]


async def test_a_refused_transfer_is_not_announced() -> None:
    model = ScriptedChatModel(
        [
            calls("transfer_call", "Vou transferir você.", destination="diretoria"),
            says("Não temos diretoria."),
        ]
    )
    said = await Talk(model).say()
    assert said.text == "Não temos diretoria."


async def test_what_is_true_before_the_claim_is_heard_at_once() -> None:
    model = ScriptedChatModel(
        [says("O prazo é de dois dias. ", "Anotei o seu recado."), says("Quer deixar um recado?")]
    )
    said = await Talk(model).say()
    assert said.text == "O prazo é de dois dias. Quer deixar um recado?"
