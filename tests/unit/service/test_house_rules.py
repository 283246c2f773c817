"""Rules of all streams: which hold where, from when on, and after a restart."""

from dataclasses import replace

import pytest

from tests.unit.speech.utterances import silent_utterance
from tests.unit.store.heard import stream
from wallflower_sidecar.domain.errors import FieldError
from wallflower_sidecar.domain.keywords import Match, Rule
from wallflower_sidecar.domain.transcripts import Transcript
from wallflower_sidecar.service import Service

from .conftest import ON_BOTH
from .probing import hear, told

pytestmark = ON_BOTH

HELP = Rule("sos", "SOS", ("help",))
FIRE = Rule("fire", "Fire", ("fire",))


async def fired(service, text, name="door"):
    """The rules that fire when this is said."""
    _, hits = await service.transcripts.simulate(service.streams.get(name), text, 1.0, store=False)
    return [(hit.rule_id, hit.phrase) for hit in hits]


async def test_they_hold_for_every_stream_there_is_and_for_new_ones(service):
    await service.streams.put(stream())
    assert await fired(service, "help") == []
    await service.house_rules.replace([HELP, FIRE])
    assert await fired(service, "help") == [("sos", "help")]
    await service.streams.put(stream("pool", keywords=(Rule("wave", "Wave", ("wave",)),)))
    assert await fired(service, "wave, help, fire", "pool") == [("wave", "wave"), ("sos", "help"), ("fire", "fire")]
    await service.house_rules.replace([FIRE])
    assert await fired(service, "help") == []
    assert await fired(service, "fire") == [("fire", "fire")]


@pytest.mark.parametrize("own", [Rule("sos", "Another", ("mayday",)), Rule("another", "SOS", ("mayday",))])
async def test_a_stream_s_own_rule_takes_the_place_of_one_with_its_id_or_name(service, own):
    await service.house_rules.replace([HELP, FIRE])
    await service.streams.put(stream(keywords=(own,)))
    assert await fired(service, "help mayday fire") == [(own.id, "mayday"), ("fire", "fire")]
    await service.streams.patch("door", lambda known: replace(known, keywords=()))
    assert await fired(service, "help mayday fire") == [("sos", "help"), ("fire", "fire")]


async def test_they_outlive_a_restart(service, settings, database, clock):
    await service.streams.put(stream())
    await service.house_rules.replace([HELP, FIRE])
    again = Service(settings, database, clock)
    await again.house_rules.load()
    await again.streams.load()
    assert again.house_rules.all() == (HELP, FIRE)
    assert await fired(again, "help") == [("sos", "help")]


async def test_a_change_is_told_and_touches_no_session(service):
    await service.streams.put(stream())
    newest = (await told(service))[-1].id
    touched = []
    service._capture.set_stream = touched.append
    await service.house_rules.replace([HELP])
    await service.house_rules.replace([HELP])
    (event,) = await told(service, newest)
    assert (event.type.value, event.stream) == ("rules.changed", None)
    assert [rule["id"] for rule in event.data["items"]] == ["sos"]
    assert touched == []


@pytest.mark.parametrize(
    ("rules", "path"),
    [
        ([HELP, Rule("x", "x", ("?!",))], "items[1].phrases[0]"),
        ([HELP, replace(FIRE, id="sos")], "items[1].id"),
        ([HELP, replace(FIRE, name="SOS")], "items[1].name"),
        ([Rule("x", "x", ("(a+)+$",), Match.REGEX)], "items[0].phrases[0]"),
    ],
)
async def test_what_is_refused_changes_nothing(service, rules, path):
    await service.house_rules.replace([FIRE])
    with pytest.raises(FieldError) as caught:
        await service.house_rules.replace(rules)
    assert caught.value.path == path
    assert service.house_rules.all() == (FIRE,)


async def test_drafts_are_made_while_one_is_early_and_its_phrases_are_expected(service):
    await service.streams.put(stream())
    await service.house_rules.replace([replace(HELP, early=True)])
    assert service._capture._drafted == {"door"}
    assert service._listening.hints.of(service.streams.get("door")).hotwords == ("help",)
    await service.house_rules.replace([HELP])
    assert service._capture._drafted == set()


async def test_a_rule_keeps_its_cooldown_while_others_change(service):
    await service.streams.put(stream())
    cool = replace(HELP, cooldown_s=3600)
    await service.house_rules.replace([cool])
    assert await fired(service, "help")
    await service.house_rules.replace([cool, FIRE])
    await service.streams.patch("door", lambda known: replace(known, name="Front"))
    assert await fired(service, "help") == []


async def test_a_cooldown_outlives_a_restart_and_a_retracted_hit_counts_no_more_after_it(
    service, settings, database, clock
):
    rules = [replace(HELP, cooldown_s=3600, early=True), replace(FIRE, cooldown_s=3600)]
    await service.streams.put(stream())
    await service.streams.put(stream("pool"))
    await service.house_rules.replace(rules)
    utterance = silent_utterance(2.0, "door")
    service._early.drafted(utterance, Transcript("help", "en", 0.9))
    await service._early._write()
    await service.transcripts.simulate(service.streams.get("door"), "fire", 1.0, store=True)

    again = Service(settings, database, clock)
    await again.house_rules.load()
    await again.streams.load()
    await again._early.retract_left_over()

    assert await fired(again, "help, fire") == [("sos", "help")]
    assert await fired(again, "help, fire", "pool") == [("sos", "help"), ("fire", "fire")]


async def test_a_rule_that_is_too_slow_shows_in_health_and_on_the_stream_until_it_is_another(service):
    slow = Rule("slow", "Slow", (r"x(?:[bcd]|[bcd][bcd])+y",), Match.REGEX)
    await service.streams.put(stream())
    await service.house_rules.replace([slow])
    assert check(service).status == "ok"
    for _ in range(3):
        await hear(service, silent_utterance(2.0, "door"), Transcript("x" + "bcd" * 100, "en", 0.9))
    assert [fault.rule for fault in service.streams.status("door").rule_faults] == ["slow"]
    assert check(service).status == "degraded"
    assert "slow of Door" in check(service).detail
    await service.house_rules.replace([replace(slow, phrases=("x[bcd]+y",))])
    assert service.streams.status("door").rule_faults == ()
    assert check(service).status == "ok"


def check(service):
    return next(check for check in service.health() if check.name == "keywords")
