"""Whether words were denied: "não quero falar com vendas" names sales and does not ask for it. Pure.

A guard, not a parser: where it is unsure it says "denied", because asking again costs a sentence and a wrong
transfer costs the caller.
"""

from __future__ import annotations

from typing import Final

from voice_ai_service.text.words import Clauses

_NEGATIONS: Final = frozenset(
    [
        "nao",
        "nem",
        "nunca",
        "jamais",
        "sem",
        "not",
        "no",
        "never",
        "without",
        "neither",
        "nor",
        "cannot",
        "cant",
        "dont",
        "doesnt",
        "didnt",
        "wont",
        "isnt",
        "arent",
        "wasnt",
        "shouldnt",
        "wouldnt",
        "couldnt",
        "aint",
    ]
)
_TURNS: Final = frozenset(["mas", "porem", "so", "sim", "but", "just", "instead", "rather", "yes"])
"""Words after which what was denied is over: "não vendas, mas o financeiro" even without its comma."""
_WISHES: Final = frozenset(
    [
        "quero",
        "queria",
        "preciso",
        "gostaria",
        "desejo",
        "passa",
        "passe",
        "transfere",
        "transfira",
        "liga",
        "ligue",
        "want",
        "need",
        "wanna",
        "transfer",
        "connect",
    ]
)
_SUBORDINATE: Final = frozenset(
    [
        "que",
        "to",
        "you",
        "me",
        "te",
        "lhe",
        "se",
        "para",
        "pra",
        "de",
        "por",
        "favor",
        "please",
        "think",
        "that",
        "if",
        "believe",
        "know",
        "sure",
        "would",
        "could",
        "acho",
        "mais",
    ]
)
"""Words that tie a wish to the denial before it: "I don't want you to transfer me"."""
_SUBJECTS: Final = frozenset(["eu", "i", "we", "nos"])
_TRAILING: Final = frozenset(("nao", "not", "no"))


def is_denied(spoken: Clauses, start: int, size: int) -> bool:
    """Whether the words at `start` (so many as `size`) stand under a negation in their own clause.

    A negation reaches to the end of its clause, or to a turn ("mas"), or to a new wish ("... quero falar com o
    financeiro") that it does not stand directly before. "Vendas não" at a clause's end denies as well.
    """
    clause = spoken.clause_of[start]
    after = start + size
    if after < len(spoken.words) and spoken.clause_of[after] == clause and spoken.words[after] in _TRAILING:
        is_last = after + 1 == len(spoken.words) or spoken.clause_of[after + 1] != clause
        if is_last:
            return True
    denied_at: int | None = None
    for index in range(start):
        if spoken.clause_of[index] != clause:
            continue
        word = spoken.words[index]
        if word in _NEGATIONS:
            denied_at = index
        elif denied_at is not None and _ends_denial(spoken.words, index, denied_at):
            denied_at = None
    return denied_at is not None


def _ends_denial(words: tuple[str, ...], index: int, denied_at: int) -> bool:
    word = words[index]
    if word in _TURNS:
        return True
    if word not in _WISHES:
        return False
    before = index - 1
    if words[before] in _SUBJECTS:
        before -= 1
        if before == denied_at:  # "não, eu quero ..." with its comma lost by the recogniser
            return True
    return before > denied_at and words[before] not in _SUBORDINATE
