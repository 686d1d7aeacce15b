"""A secretary's dialplan entry: whatever an administrator typed stays text."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from tests.unit.fusionpbx_app.conftest import RunPhp

HOSTILE = [
    "a \"quote\" and 'another'",
    '<action application="system" data="id"/>',
    '"/><action application="system" data="id"/><x a="',
    "${system(id)} $${secret} ${${nested}} $${{x}}",
    "]]> <!-- --> <?php ?> &amp; &#x24;{x}",
    "new\nline\ttab\x00nul\x1bescape",
    "Olá, açúcar 日本 🙂",
    "$" * 20 + "{" * 20,
    "",
]
NUMBERS = ["8000", "*98", "#1", "**", "8" * 20]
SCRIPT = """
$made = [];
foreach ($input as [$name, $number]) {
    $made[] = voice_dialplan::xml(['voice_secretary_uuid' => 'a', 'domain_uuid' => 'b', 'dialplan_uuid' => 'c',
        'secretary_name' => $name, 'secretary_extension' => $number], $name);
}
echo json_encode($made);
"""


def test_hostile_names_are_inert(run_php: RunPhp) -> None:
    cases = [(name, number) for name in HOSTILE for number in NUMBERS]
    for (name, number), xml in zip(cases, run_php(SCRIPT, cases), strict=True):
        root = ElementTree.fromstring(xml)
        assert "${" not in "".join(root.itertext()) + "".join(
            value for element in root.iter() for value in element.attrib.values()
        )
        actions = [action.attrib["application"] for action in root.iter("action")]
        assert actions == ["set", "set", "set", "set", "lua"]
        assert root.findall("./condition/action")[-1].attrib["data"] == "app.lua voice_secretary"
        expression = root.find("condition").attrib["expression"]  # type: ignore[union-attr]
        assert re.fullmatch(expression, number)
        assert not re.search(expression, f"9{number}")
        if not set(name) & set("${}\n\t\x00\x1b"):
            assert root.attrib["name"] == name
