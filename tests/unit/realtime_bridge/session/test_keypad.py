from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from realtime_bridge.session.keypad import KEYS, MAX_DIGITS, Keypad


def entered(keypad: Keypad, keys: str, gap_frames: int = 0) -> list[str]:
    found = []
    for key in keys:
        found.append(keypad.press(key))
        found += [keypad.frame() for _ in range(gap_frames)]
    found += [keypad.frame() for _ in range(200)]
    return [one for one in found if one]


def test_keys_that_follow_each_other_belong_together() -> None:
    assert entered(Keypad(1500), "1234", gap_frames=70) == ["1234"]


def test_a_gap_ends_an_entry() -> None:
    assert entered(Keypad(1500), "12", gap_frames=75) == ["1", "2"]


def test_a_key_with_an_action_of_its_own_is_not_waited_for() -> None:
    keypad = Keypad(1500, {"0"})
    assert keypad.press("0") == "0"
    assert not keypad.pending
    assert entered(keypad, "105") == ["105"], "inside an entry it is a digit like others"


def test_a_hash_says_that_was_all() -> None:
    assert Keypad(1500).press("#") == "#"
    keypad = Keypad(1500)
    assert keypad.press("4") is None
    assert keypad.press("#") == "4"


@given(st.text("0123456789*#aé\n", max_size=80), st.integers(0, 100))
def test_every_key_is_handed_over_once_and_nothing_else(keys: str, gap_frames: int) -> None:
    found = entered(Keypad(1500), keys, gap_frames)
    assert all(set(one) <= KEYS and 0 < len(one) <= MAX_DIGITS for one in found)
    wanted = "".join(key for key in keys if key in KEYS)
    assert "".join(found).replace("#", "") == wanted.replace("#", "")
