"""The fallback: traffic of a killed model goes to it first, and returns to pods that serve (semantics.md, K1, K9)."""

import dataclasses
from typing import Any

import pytest

from lastgood.api.rollback import KillAction
from lastgood.decide import facts, records, steps, world
from lastgood.decide.decision import Phase
from tests.unit.decide.scenes import with_fallback
from tests.unit.decide.simulator import World

MODELS = {"app": "m", "role": "model"}


def killed(made: World | None = None) -> World:
    made = with_fallback(action="Fallback") if made is None else made
    made.engage()
    made.wait(1)
    assert (made.replicas, made.served_by) == (0, "fallback")
    return made


def acts(made: World) -> list[type]:
    return [type(each) for each in made.log if not isinstance(each, steps.LabelPod)]


def test_traffic_goes_first_and_what_it_was_is_recorded_before() -> None:
    """K1."""
    made = killed()

    assert acts(made) == [records.SetEntries, steps.SwitchTraffic, steps.Scale]
    entry = made.entry("incident")
    assert entry is not None
    assert entry.traffic == facts.Route("front", MODELS)


def test_a_kill_without_the_fallback_leaves_traffic_alone() -> None:
    """K1."""
    made = with_fallback()
    made.engage()
    made.wait(1)

    assert (made.replicas, made.served_by) == (0, "model")


@pytest.mark.parametrize(
    ("own", "switch", "served_by"),
    [
        ("ScaleToZero", KillAction.FALLBACK, "fallback"),
        ("Fallback", KillAction.SCALE_TO_ZERO, "model"),
        ("Fallback", None, "fallback"),
    ],
)
def test_what_a_switch_says_about_traffic_overrules_the_model(
    own: str, switch: KillAction | None, served_by: str
) -> None:
    """K1."""
    made = with_fallback(action=own)
    made.engage(action=switch)
    made.wait(1)

    assert (made.replicas, made.served_by) == (0, served_by)


def test_a_second_switch_adds_the_fallback_and_its_release_does_not_take_it_away() -> None:
    """K2: nothing is put back while another engaged switch holds the model."""
    made = with_fallback()
    made.engage()
    made.wait(1)
    made.engage("second", action=KillAction.FALLBACK)
    made.wait(1)
    assert made.served_by == "fallback"
    made.release("second")
    made.wait(5)
    assert (made.replicas, made.served_by) == (0, "fallback")
    made.release()
    made.wait(60)

    assert (made.replicas, made.served_by) == (4, "model")


@pytest.mark.parametrize("missing", ["service", "stand_in"])
def test_a_kill_does_not_wait_for_a_fallback_that_is_not_there(missing: str) -> None:
    """K1: it is killed at once, and traffic follows when what was missing appears."""
    made = with_fallback(action="Fallback")
    was = getattr(made, missing)
    setattr(made, missing, None)
    made.engage()
    made.wait(1)
    assert (made.replicas, acts(made)) == (0, [records.SetEntries, steps.Scale])
    setattr(made, missing, was)
    made.rest()

    assert made.served_by == "fallback"
    made.release()
    made.wait(60)
    assert (made.replicas, made.served_by) == (4, "model")


def test_a_kill_does_not_wait_for_a_service_that_cannot_be_changed() -> None:
    """K1."""
    made = with_fallback(action="Fallback")
    made.refused = "services is forbidden"
    made.engage()
    decision = made.wait(1)

    assert (made.replicas, decision.phase, made.served_by) == (0, Phase.KILLED, "model")
    made.refused = ""
    made.rest()
    assert made.served_by == "fallback"


def test_a_fallback_without_a_ready_pod_gets_the_traffic_of_a_killed_model_all_the_same() -> None:
    """K1: nobody is served either way, and it serves as soon as it is ready, operator or not."""
    made = with_fallback(action="Fallback", ready=0)
    made.engage()
    made.wait(1)

    assert (made.replicas, made.served_by) == (0, "fallback")


def test_traffic_stays_with_the_fallback_until_the_pods_of_the_model_are_available() -> None:
    """K9: traffic never returns to no pods."""
    made = killed()
    made.crashing.add("img:a")
    made.release()
    made.wait(5)
    assert (made.replicas, made.served_by) == (1, "fallback")
    made.crashing.clear()
    made.rest()
    assert (made.replicas, made.served_by) == (1, "model")
    made.wait(60)

    assert (made.replicas, made.switch("incident").entries) == (4, ())


def test_a_breach_in_probation_sends_traffic_to_the_fallback_again() -> None:
    """K9: also when only the first switch asked for it."""
    made = with_fallback()
    made.engage(action=KillAction.FALLBACK)
    made.wait(1)
    made.release()
    made.wait(2)
    assert made.served_by == "model"
    made.log.clear()
    made.breaches.add(("img:a", "errors"))
    made.wait(1)

    assert (made.replicas, made.served_by) == (0, "fallback")
    assert acts(made)[:3] == [records.EngageSwitch, steps.SwitchTraffic, steps.Scale]
    made.breaches.clear()
    made.release("m")
    made.wait(5)
    assert (made.replicas, made.served_by) == (0, "fallback"), (
        "a was killed for a breach, so a person has to resume"
    )


def test_manual_recovery_keeps_the_fallback_until_a_person_resumes() -> None:
    """K9."""
    made = killed(with_fallback(action="Fallback", killSwitch={"recovery": {"restart": "Manual"}}))
    made.release()
    made.wait(30)
    assert (made.replicas, made.served_by) == (0, "fallback")
    made.annotations["lastgood.dev/resume"] = "a"
    made.wait(1)

    assert (made.replicas, made.served_by) == (1, "model")


@pytest.mark.parametrize("released", [False, True])
def test_a_service_that_others_change_is_put_back_to_the_fallback(released: bool) -> None:
    """K5."""
    made = killed(with_fallback(action="Fallback", killSwitch={"recovery": {"restart": "Manual"}}))
    if released:
        made.release()
    assert made.service is not None
    made.service = dataclasses.replace(made.service, selector=MODELS)
    made.wait(1)

    assert (made.replicas, made.served_by) == (0, "fallback")


def test_a_service_that_is_created_again_is_switched_again_and_keeps_what_was_recorded() -> None:
    """K2: what is held is not observed again."""
    made = killed()
    made.service = None
    made.wait(1)
    made.service = world.Service("front", "s2", "9", selector={"app": "m", "role": "model", "tier": "new"})
    made.wait(1)

    entry = made.entry("incident")
    assert entry is not None
    assert (made.served_by, entry.traffic) == ("fallback", facts.Route("front", MODELS))


def test_a_fallback_that_is_taken_out_of_the_spec_gives_traffic_back_on_release() -> None:
    made = killed()
    made.spec = {**made.spec, "killSwitch": {}}
    del made.spec["fallback"]
    made.stand_in = None
    made.release()
    made.wait(60)

    assert (made.replicas, made.served_by) == (4, "model")


def test_a_model_that_was_at_zero_before_gets_its_traffic_back_as_it_was() -> None:
    """K9."""
    made = with_fallback(action="Fallback")
    made.scale(0)
    made.rest()
    made.engage()
    made.wait(1)
    assert made.served_by == "fallback"
    made.release()
    made.wait(2)

    assert (made.replicas, made.served_by, made.switch("incident").entries) == (0, "model", ())


def test_what_was_taken_is_not_let_go_while_the_service_cannot_be_read() -> None:
    """F2: a Service that is not seen is not one that is back."""
    made = killed()
    made.unread = "the API server answered 503"
    made.release()
    made.wait(60)
    assert made.switch("incident").entries
    made.unread = ""
    made.wait(60)

    assert (made.replicas, made.served_by, made.switch("incident").entries) == (4, "model", ())


def test_a_service_that_selects_the_fallback_already_is_not_recorded_as_the_models_own() -> None:
    """V3."""
    made = with_fallback(action="Fallback")
    made.service = world.Service("front", "s", "1", selector={"app": "m"})
    made.engage()
    made.wait(1)

    assert (made.replicas, made.service.selector) == (0, {"app": "m"})


def breaching_without_a_good_version(**spec: Any) -> World:
    made = with_fallback(rollout={"bake": "1h"}, **spec)
    assert made.worth("a") == "Unproven"
    made.breaches.add(("img:a", "errors"))
    made.wait(2)
    return made


def test_without_a_version_to_go_back_to_the_fallback_takes_over_and_people_release_it() -> None:
    """R1: `onNoGoodVersion` is Fallback by default where there is one."""
    made = breaching_without_a_good_version()

    assert (made.worth("a"), made.replicas, made.served_by) == ("Bad", 0, "fallback")
    switch = made.switch("m")
    assert (switch.cause, switch.action) == (facts.Cause.AUTOMATIC, KillAction.FALLBACK)
    made.breaches.clear()
    made.wait(600)
    assert (made.replicas, made.served_by) == (0, "fallback"), "only people release it"
    made.release("m")
    made.annotations["lastgood.dev/resume"] = "b"
    made.wait(1)
    assert (made.running, made.served_by) == ("b", "model")


@pytest.mark.parametrize(
    ("said", "why"),
    [("not ready", "FallbackNotReady"), ("gone", "FallbackNotFound"), ("no Service", "ServiceNotFound")],
)
def test_a_bad_version_runs_on_while_its_fallback_could_not_serve(said: str, why: str) -> None:
    """R1: who asked for a fallback has not asked for nobody to serve."""
    made = with_fallback(rollout={"bake": "1h"}, ready=0)
    ready = made.stand_in and dataclasses.replace(made.stand_in, available=1)
    service = made.service
    if said == "gone":
        made.stand_in = None
    if said == "no Service":
        made.stand_in, made.service = ready, None
    made.breaches.add(("img:a", "errors"))
    decision = made.wait(2)
    assert (made.worth("a"), made.replicas) == ("Bad", 4)
    assert (decision.phase, decision.degraded) == (Phase.HELD, why)
    made.stand_in, made.service = ready, service
    made.rest()

    assert (made.replicas, made.served_by) == (0, "fallback"), "it takes over when it can"


@pytest.mark.parametrize(
    ("chosen", "replicas", "served_by"),
    [("Kill", 0, "model"), ("Hold", 4, "model"), ("Fallback", 0, "fallback")],
)
def test_what_happens_without_a_good_version_is_what_the_spec_says(
    chosen: str, replicas: int, served_by: str
) -> None:
    """R1."""
    made = breaching_without_a_good_version(rollback={"onNoGoodVersion": chosen})

    assert (made.worth("a"), made.replicas, made.served_by) == ("Bad", replicas, served_by)
