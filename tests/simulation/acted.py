"""What must hold of what the operator does to the world, and of what it says of it."""

from lastgood.api import names
from tests.simulation import evidence
from tests.simulation.apiserver import Write
from tests.simulation.controllers import fingerprint, image_of
from tests.simulation.grounds import Grounds, Violated, Writer
from tests.simulation.objects import value_at
from tests.simulation.sight import Sight, worth


class Acted:
    """Checks one act before it is done."""

    def __init__(self, grounds: Grounds) -> None:
        self._grounds = grounds
        self._server = grounds.server

    def switch_template(self, write: Write, process: Writer) -> None:
        """A template is that of the version switched to last, and not Bad (rules F2, R1, J11)."""
        assert write.new is not None
        name, template = write.key[1], write.new["spec"]["template"]

        def recorded(seen: Sight) -> bool:
            current = seen.current
            own = None if current is None else current["spec"]["saved"]["podTemplate"]
            return own is not None and fingerprint(own) == fingerprint(template)

        self._grounds.holds(write, process, name, "F2: a template that no fact asks for", recorded)
        self._grounds.holds(
            write,
            process,
            name,
            f"R1: {image_of(template)} is Bad",
            lambda seen: all(worth(each) != "Bad" for each in seen.saved(template)),
        )
        self._grounds.holds(
            write,
            process,
            name,
            "J11: suspended",
            lambda seen: not seen.asks.get("suspend") or bool(seen.entries),
        )

    def scale(self, write: Write, process: Writer) -> None:
        """Only what a switch holds is scaled, and never above what it admits (rules F2, K2, K9)."""
        assert write.new is not None
        name, wanted = write.key[1], write.new["spec"]["replicas"]
        self._grounds.holds(
            write, process, name, "F2: scaled, and no switch holds it", lambda seen: bool(seen.entries)
        )
        if wanted == 0:
            return
        self._grounds.holds(
            write, process, name, "K2: a killed model gets a replica", lambda seen: not seen.engaged
        )
        self._grounds.holds(
            write,
            process,
            name,
            "R1: more replicas for a Bad version",
            lambda seen: seen.current is None or worth(seen.current) != "Bad" or wanted <= seen.replicas,
        )
        self._grounds.holds(
            write,
            process,
            name,
            "K9: more than the ceiling",
            lambda seen: all(wanted <= entry["ceiling"] for _, entry in seen.entries),
        )

    def set_bounds(self, write: Write, process: Writer) -> None:
        """An autoscaler is touched when it is recorded what comes back, and not while killed (rules K2, K3)."""
        name = write.key[1]
        self._grounds.holds(
            write,
            process,
            name,
            "K3: an autoscaler that nothing was recorded of",
            lambda seen: any("autoscaler" in entry for _, entry in seen.entries),
        )
        self._grounds.holds(write, process, name, "K2: raised while killed", lambda seen: not seen.engaged)

    def label(self, write: Write, process: Writer) -> None:
        """A pod is labelled with the version that it runs (rule O5)."""
        assert write.new is not None
        labels = write.new["metadata"]["labels"]
        name, version = labels[names.LABEL_MODEL], labels[names.LABEL_VERSION]
        self._grounds.holds(
            write,
            process,
            name,
            f"O5: labelled {version}",
            lambda seen: any(
                each["spec"]["saved"]["version"] == version
                for each in seen.saved({"spec": (write.new or {})["spec"]})
            ),
        )

    def report(self, write: Write, process: Writer) -> None:
        """A model is said to be off only when no pod is left (rule K4)."""
        assert write.new is not None
        killed = [
            each
            for each in write.new["status"].get("conditions") or ()
            if each["type"] == "KillSwitchEngaged" and each["status"] == "True"
        ]
        earlier = [] if write.old is None else value_at(write.old, "status", "conditions") or []
        if not killed or any(
            each["type"] == "KillSwitchEngaged" and each["status"] == "True" for each in earlier
        ):
            return
        left = evidence.pods_of(self._server, write.key[1])
        if left and self._grounds.fresh(process, write.key[1]):
            raise Violated(f"K4: said to be off, and {left} are there")
