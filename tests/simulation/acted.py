"""What must hold of what the operator does to the world, and of what it says of it."""

from lastgood.api import names
from tests.simulation import evidence
from tests.simulation.apiserver import Write, precondition
from tests.simulation.controllers import fingerprint, image_of
from tests.simulation.grounds import Grounds, Violated, Writer
from tests.simulation.objects import value_at
from tests.simulation.sight import Sight, worth
from tests.simulation.surrounded import Surrounded


class Acted:
    """Checks one act before it is done."""

    def __init__(self, grounds: Grounds, surrounded: Surrounded) -> None:
        self._grounds = grounds
        self._server = grounds.server
        self._surrounded = surrounded

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
            self._surrounded.before_zero(write, process)
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

    def clear_the_way(self, write: Write, process: Writer) -> None:
        """Only pods of a template that the Deployment no longer has make room (rule R3)."""
        assert write.new is not None
        name, left = write.new["metadata"]["ownerReferences"][0]["name"], write.new["spec"]["template"]

        def is_left(seen: Sight) -> bool:
            template = value_at(seen.deployment, "spec", "template")
            return template is not None and fingerprint(template) != fingerprint(left)

        self._grounds.holds(write, process, name, "R3: pods of the version that runs make room", is_left)

    def forget(self, write: Write, process: Writer) -> None:
        """Only what a person asked for by annotation is taken down, and nothing that was asked since (P3)."""
        assert write.old is not None
        assert write.new is not None
        if write.new["spec"] != write.old["spec"]:
            raise Violated(f"P1: the spec of {write.key[1]} was written by {process.identity}")
        if precondition(write.body) is None:
            raise Violated(f"P3: a request is taken down unseen: {write.body}")

    def label(self, write: Write, process: Writer) -> None:
        """A pod is labelled with the version that it runs (rule O5)."""
        assert write.new is not None
        labels = write.new["metadata"]["labels"]
        if labels.get(names.LABEL_TRACK) == names.TRACK_FALLBACK:
            earlier = {} if write.old is None else write.old["metadata"].get("labels") or {}
            if earlier.get(names.LABEL_TRACK, names.TRACK_FALLBACK) != names.TRACK_FALLBACK:
                raise Violated(f"B2: {write.key[1]} has said that it is {earlier[names.LABEL_TRACK]}")
            return
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
        # Pods that came while it was on its way are told of by the next report; times are cut to whole seconds. Who
        # says so without having read them is held against what was there when he said it.
        sent = self._server.decided
        read = [at for at in process.connection.pods_read[write.key[1]] if at <= sent]
        read_at = max(read, default=sent)
        left = [
            name
            for name in evidence.pods_of(self._server, write.key[1])
            if evidence.born(self._server, name) + 1.0 <= read_at
        ]
        if left and self._grounds.fresh(process, write.key[1]):
            raise Violated(f"K4: said to be off, and {left} are there")
