"""What must hold of every write of the operator, whatever has gone wrong before it.

Each is an account of its own, in the API server's words and from the true state of the world, of what semantics.md
asks; none of the operator's rules is called. A write may rest on what its process read last, as long as that was just
before: what somebody changes in between, the write's precondition or the next look must answer for.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from lastgood.kube import errors, resources
from tests.simulation import sites
from tests.simulation.acted import Acted
from tests.simulation.apiserver import ApiServer, Write
from tests.simulation.denials import Denials
from tests.simulation.evidence import Evidence
from tests.simulation.faults import Injector
from tests.simulation.grounds import Grounds, Violated, Writer
from tests.simulation.hindrance import Watched
from tests.simulation.liveness import Liveness
from tests.simulation.overall import Overall
from tests.simulation.prometheus import Prometheus
from tests.simulation.recorded import Recorded
from tests.simulation.scene import Scene
from tests.simulation.sight import entry_of
from tests.simulation.surrounded import Surrounded
from tests.simulation.tenure import Tenure


class Process(Writer, Watched, Protocol):
    """One operator process."""


class Invariants:
    """Looks at each write before it is made, and at the world after each step."""

    def __init__(
        self,
        scene: Scene,
        server: ApiServer,
        prometheus: Prometheus,
        processes: Sequence[Process],
        injector: Injector,
    ) -> None:
        self._scene = scene
        self._server = server
        self._processes = processes
        self._evidence = Evidence(scene, prometheus, server)
        self._grounds = Grounds(server, processes)
        self._tenure = Tenure(server)
        self._liveness = Liveness(scene, server, prometheus, processes, injector)
        self._denials = Denials(scene.models, server, processes)
        self.found: list[Exception] = []
        self.done = 0
        """Records and acts so far."""
        self.surrounded = surrounded = Surrounded(self._grounds)
        recorded = Recorded(self._grounds, scene, self._evidence, surrounded)
        acted, overall = Acted(self._grounds, surrounded), Overall(self._grounds)
        self._checks: dict[str, Callable[[Write, Writer], None]] = {
            "record.checkpoint.take": recorded.take,
            "record.checkpoint.give_verdict": recorded.give_verdict,
            "record.checkpoint.activate": recorded.activate,
            "record.checkpoint.set_owners": recorded.set_owners,
            "record.checkpoint.note_content": recorded.note_content,
            "record.cluster_switch.engage": overall.engage,
            "record.cluster_switch.release": overall.release,
            "record.switch.engage": recorded.engage,
            "record.switch.release": recorded.release,
            "record.switch.set_entries": recorded.set_entries,
            "act.deployment.switch_template": acted.switch_template,
            "act.deployment.scale": acted.scale,
            "act.deployment.label_pod": acted.label,
            "act.deployment.empty_replica_set": acted.clear_the_way,
            "act.deployment.forget_request": acted.forget,
            "act.hpa.set_bounds": surrounded.set_autoscaler,
            "act.keda.pause": surrounded.set_autoscaler,
            "act.service.switch_traffic": surrounded.switch_traffic,
            "report.status.model": acted.report,
        }

    def admit(self, write: Write) -> None:
        """The interlock: nobody raises what a switch holds. Raises Forbidden."""
        if not self._scene.interlock or write.resource is not resources.DEPLOYMENTS or write.new is None:
            return
        had = 0 if write.old is None else write.old["spec"]["replicas"]
        wanted = write.new["spec"]["replicas"]
        if wanted <= had:
            return
        namespace, name = write.key
        for switch in self._server.listed(resources.KILL_SWITCHES, namespace):
            entry, spec = entry_of(switch, name), switch["spec"]
            if (spec["engaged"] and name in (spec.get("workloads") or ())) or (
                entry is not None and wanted > entry["ceiling"]
            ):
                raise errors.Forbidden(f"{name} is held by KillSwitch {switch['metadata']['name']}")

    def check(self, write: Write) -> None:
        """Check a write before it is made; what is violated is raised by the next look, too."""
        self._evidence.note(write)
        self._liveness.note(write)
        self._tenure.note(write)
        self.surrounded.note(write)
        try:
            self._check(write)
        except Exception as found:  # the operator lives on after any exception, and must not hide this one
            self.found.append(found)
            raise

    def _check(self, write: Write) -> None:
        process = next((each for each in self._processes if each.identity == write.by), None)
        if process is None or write.new is None or write.resource is resources.LEASES:
            return
        site = sites.site(write.resource, write.body, there=write.old, subresource=write.subresource)
        self._tenure.check(write, process, site)
        if site in (*sites.RECORDS, *sites.ACTS):
            self.done += 1
            self._grounds.was_read(write, process, site)
        check = self._checks.get(site)
        if check is not None:
            check(write, process)

    def look(self) -> None:
        """Check the world after a step, and that nothing was found meanwhile. Raises Violated."""
        if self.found:
            raise self.found[0]
        acting = [
            each.identity
            for each in self._processes
            if each.may_act() and asyncio.get_running_loop().time() >= each.connection.stopped_until
        ]
        if len(acting) > 1:
            raise Violated(f"F5: {' and '.join(acting)} act at the same time")
        self._liveness.look()
        self._denials.look()
