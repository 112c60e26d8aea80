"""Other content of a ConfigMap is no new version: it is noted, and a bake starts again (semantics.md, O7)."""

from typing import Any

from lastgood.decide import config, facts, records, steps
from tests.unit.decide.scenes import model, proven
from tests.unit.decide.simulator import World, pod_template

READS = {"envFrom": [{"configMapRef": {"name": "settings"}}]}


def configured(made: World, **contents: str) -> World:
    """A model that reads the ConfigMap `settings`."""
    made.template = pod_template("img:a", **READS)
    made.contents = contents
    return made


def test_every_way_to_read_a_config_map_is_found_and_no_secret() -> None:
    container = {
        "envFrom": [{"configMapRef": {"name": "all"}}, {"secretRef": {"name": "secret"}}],
        "env": [
            {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "one", "key": "a"}}},
            {"name": "B", "valueFrom": {"secretKeyRef": {"name": "secret", "key": "b"}}},
            {"name": "C", "value": "c"},
        ],
    }
    spec: dict[str, Any] = {
        "containers": [container, {"name": "bare"}],
        "initContainers": [{"envFrom": [{"configMapRef": {"name": "first"}}]}],
        "volumes": [
            {"name": "v", "configMap": {"name": "files"}},
            {"name": "s", "secret": {"secretName": "secret"}},
            {"name": "p", "projected": {"sources": [{"configMap": {"name": "part"}}, {"secret": {}}]}},
            {"name": "e", "emptyDir": {}},
        ],
    }

    assert config.names({"spec": spec}) == {"all", "one", "first", "files", "part"}
    assert config.names({}) == frozenset()


def test_what_its_config_maps_hold_is_saved_with_a_version() -> None:
    made = configured(model(), settings="h1", others="h2")
    made.rest()

    assert made.version("a").content == facts.Content({"settings": "h1"})
    assert made.done(records.NoteContent) == []


def test_what_was_not_looked_at_when_the_version_was_saved_is_noted_later_and_is_no_change() -> None:
    made = configured(model())
    made.wait(3)
    made.contents["settings"] = "h1"
    made.wait(3)

    assert made.version("a").content == facts.Content({"settings": "h1"})
    assert made.worth("a") == "Good", "the bake went on"


def test_other_content_starts_the_bake_again_and_nothing_else() -> None:
    made = configured(model(), settings="h1")
    made.wait(4)
    made.contents["settings"] = "h2"
    made.wait(3)
    assert made.worth("a") == "Unproven"
    assert made.version("a").content == facts.Content(
        {"settings": "h2"}, changed_at=made.now - 3 * made.interval
    )
    made.wait(3)

    assert made.worth("a") == "Good"
    assert made.done(steps.SwitchTemplate) == []
    assert [c.version for c in made.checkpoints] == ["a"]


def test_a_config_map_that_is_deleted_is_other_content_too() -> None:
    made = configured(model(), settings="h1")
    made.wait(4)
    made.contents["settings"] = ""
    made.wait(3)

    assert made.worth("a") == "Unproven"


def test_a_good_version_stays_good_and_stays_what_is_gone_back_to() -> None:
    made = configured(model(), settings="h1")
    made.wait(8)
    made.contents["settings"] = "h2"
    made.wait(1)
    assert made.worth("a") == "Good"
    assert made.version("a").content == facts.Content({"settings": "h2"}, changed_at=made.now - made.interval)

    made.want("b")
    made.wait(2)
    made.breaches.add(("img:b", "errors"))
    made.wait(1)
    assert made.rollbacks == [("b", "a")]


def test_content_that_stays_is_noted_once() -> None:
    made = configured(model(), settings="h1")
    made.wait(8)
    made.contents["settings"] = "h2"
    made.wait(1)
    made.log.clear()
    made.wait(30)

    assert made.log == []


def test_a_model_without_config_maps_notes_nothing() -> None:
    made = proven()
    made.contents["settings"] = "h1"
    made.wait(5)

    assert made.log == []


def test_content_that_changes_while_another_version_runs_is_noted_when_it_runs_again() -> None:
    made = configured(model(), settings="h1")
    made.wait(8)
    made.want("b")
    made.wait(2)
    made.contents["settings"] = "h2"
    made.wait(1)
    assert made.version("a").content == facts.Content({"settings": "h1"})
    made.breaches.add(("img:b", "errors"))
    made.wait(3)

    noted = made.version("a").content
    assert noted is not None
    assert (made.running, made.worth("a"), noted.hashes) == ("a", "Good", {"settings": "h2"})
