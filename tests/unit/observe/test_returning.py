"""How many models wait to be started again, as the watches have it (rule K10)."""

from datetime import UTC, datetime, timedelta
from typing import Any

from lastgood.observe import returning

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def switch(
    *workloads: str, engaged: bool = False, since: timedelta = timedelta(0), **entry: Any
) -> dict[str, Any]:
    """A switch that holds these workloads; it was engaged or released so long ago."""
    restore = [{"workload": name, "model": name, "replicas": 3, "ceiling": 0, **entry} for name in workloads]
    said = {
        "manager": "kubectl-patch",
        "time": f"{NOW - since:%Y-%m-%dT%H:%M:%SZ}",
        "fieldsV1": {"f:spec": {"f:engaged": {}}},
    }
    return {"metadata": {"managedFields": [said]}, "spec": {"engaged": engaged, "restore": restore}}


def together(*switches: dict[str, Any], models: dict[tuple[str, str], Any] | None = None) -> int:
    known = {("ml", str(number)): each for number, each in enumerate(switches)}
    return returning.together(known, models or {}, now=NOW)


def test_each_deployment_counts_once() -> None:
    assert together(switch("a", "b"), switch("b", "c")) == 3


def test_what_has_started_is_still_held_or_had_nothing_to_start_does_not_count() -> None:
    assert (
        together(switch("a", "b"), switch("c", ceiling=1), switch("b", engaged=True), switch("d", replicas=0))
        == 1
    )


def test_what_waits_since_long_waits_for_something_else() -> None:
    assert together(switch("a"), switch("b", "c", since=timedelta(hours=1))) == 1


def test_what_a_person_starts_does_not_count() -> None:
    manual = {"spec": {"killSwitch": {"recovery": {"restart": "Manual"}}}}
    assert together(switch("a", "b", "c"), models={("ml", "b"): manual}) == 2
