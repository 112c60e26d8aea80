"""What must hold of the facts that the operator records: verdicts, switches of version, and what kills remember."""

import functools

from lastgood.api import names
from tests.simulation import evidence, sight
from tests.simulation.apiserver import Write
from tests.simulation.controllers import fingerprint
from tests.simulation.evidence import Evidence
from tests.simulation.grounds import Grounds, Violated, Writer, models_of
from tests.simulation.objects import Object, by_workload, value_at
from tests.simulation.scene import GITOPS, Scene
from tests.simulation.sight import Sight, worth
from tests.simulation.surrounded import Surrounded


class Recorded:
    """Checks one record before it is made."""

    def __init__(self, grounds: Grounds, scene: Scene, evidence: Evidence, surrounded: Surrounded) -> None:
        self._grounds = grounds
        self._server = grounds.server
        self._scene = scene
        self._evidence = evidence
        self._surrounded = surrounded

    # Checkpoints

    def take(self, write: Write, process: Writer) -> None:
        """A version is saved as what it is: not proven yet."""
        assert write.new is not None
        if worth(write.new) != "Unproven":
            raise Violated(f"O3: a new version is {worth(write.new)} from the beginning")
        if write.new["spec"]["activations"]:
            self.activate(write, process)

    def give_verdict(self, write: Write, process: Writer) -> None:
        """A verdict rests on what was seen (rules J1, O3, K7, R6)."""
        assert write.new is not None
        name, verdict = models_of(write)[0], write.new["spec"]["verdict"]
        version = write.new["spec"]["saved"]["version"]
        if write.old is not None and worth(write.old) == verdict["value"]:
            return  # only why, or since when, is told anew
        if verdict.get("by") != names.FIELD_MANAGER:
            self._grounds.holds(
                write,
                process,
                name,
                "P3: nobody asked for this verdict",
                functools.partial(_asked, new=write.new),
            )
            return
        if verdict["value"] == "Good":
            for each in self._scene.thresholds:
                if each.on_breach == "Alert":
                    continue
                if not self._evidence.fine(name, version, each, by=process.identity):
                    raise Violated(f"O3: {version} is Good, and {each.name} was not OK when looked at last")
        if verdict["value"] != "Bad":
            return
        if verdict["reason"] == "Killed":
            digest = write.new["spec"]["saved"]["digest"]
            self._grounds.holds(
                write, process, name, "K7: Bad as if killed", lambda seen: _killed_for(seen, digest)
            )
        elif not self._evidence.against(name, version, process, sight.now(self._server, name)):
            told = self._evidence.told(name, version, by=process.identity)
            raise Violated(
                f"J1: {version} of {name} is Bad for nothing that was seen: {verdict['reason']}: "
                f"{value_at(verdict, 'evidence', 'message')} ({told})"
            )
        self._grounds.holds(
            write, process, name, "J11: condemned while suspended", lambda seen: not seen.asks.get("suspend")
        ) if verdict["reason"] != "Killed" else None

    def activate(self, write: Write, process: Writer) -> None:
        """A switch of version goes where it may (rules K6, O1, R1, R5)."""
        assert write.new is not None
        name, new = models_of(write)[0], write.new
        last, version = new["spec"]["activations"][-1], new["spec"]["saved"]["version"]
        why = last["reason"]
        if why == "Adopted":
            return
        self._grounds.holds(
            write, process, name, f"K6: {why} of a killed model", lambda seen: not seen.engaged
        )
        self._grounds.holds(
            write, process, name, f"R1: {why} to Bad {version}", lambda seen: not _is_bad(seen, new)
        )
        if why == "Rollout":
            self._grounds.holds(
                write, process, name, f"O1: {version} is not wanted", lambda seen: _wants(seen, version, new)
            )
        if why == "Followed":
            self._grounds.holds(
                write,
                process,
                name,
                f"O6: {version} was put on by nobody",
                lambda seen: bool(seen.asks.get("follow")) and _runs(seen, new),
                survives=True,  # what ran has run, whatever its Deployment is by now
            )
        if why == "OrderedRollback":
            self._grounds.holds(write, process, name, "P3: nobody ordered this", evidence.was_ordered)
        if why == "Rollback":
            self._grounds.holds(
                write,
                process,
                name,
                "R1: the version that is left is not Bad",
                lambda seen: _left_is_bad(seen, new),
            )
            self._grounds.holds(
                write,
                process,
                name,
                f"R1: {version} is not the newest Good one, nor fit in its place",
                lambda seen: _is_best(seen, new),
            )
            switches = evidence.activations(sight.now(self._server, name))
            # The clock may be set while it is on its way: it names the time by which it was decided.
            times = process.clock(), sight.moment(new["spec"]["activations"][-1]["at"])
            self._grounds.holds(
                write,
                process,
                name,
                "R5: within cooldown, budget or ping-pong",
                # Nobody else switches versions, so what was read before the last switch is no ground for the next.
                lambda seen: (
                    evidence.activations(seen) == switches
                    and any(evidence.may_roll_back(seen, new, each) for each in times)
                ),
            )

    def set_owners(self, write: Write, process: Writer) -> None:
        """Checkpoints go with a model that says so, and with no other (rule P2)."""
        assert write.new is not None
        owners = write.new["metadata"].get("ownerReferences") or ()
        kept, name = write.old is not None and write.new["spec"] == write.old["spec"], models_of(write)[0]

        def is_asked(model: Object | None) -> bool:
            own = value_at(model, "metadata") or {}
            asked = (own.get("annotations") or {}).get(names.ANNOTATION_DELETE_CHECKPOINTS) == "true"
            return [each["uid"] for each in owners] == ([own.get("uid")] if asked else [])

        self._grounds.holds(
            write,
            process,
            name,
            "P2: not as was asked",
            lambda seen: kept and is_asked(seen.model),
            survives=True,
        )

    def note_content(self, write: Write, process: Writer) -> None:
        """Other content is told of a saved version that runs, and changes nothing that was saved of it (rule O7)."""
        assert write.old is not None
        assert write.new is not None
        new, saved = write.new, write.new["spec"]["saved"] == write.old["spec"]["saved"]
        self._grounds.holds(
            write,
            process,
            models_of(write)[0],
            "O7: content of what does not run",
            lambda seen: saved and worth(new) == worth(write.old or {}) and _runs(seen, new),
            survives=True,
        )

    # Switches

    def engage(self, write: Write, process: Writer) -> None:
        """A kill of ours was asked for, or rests on what was seen (rules K7 to K9)."""
        assert write.new is not None
        name, cause = write.new["spec"]["models"][0], write.new["metadata"]["labels"][names.LABEL_CAUSE]
        if cause == names.CAUSE_MANUAL:
            self._grounds.holds(
                write,
                process,
                name,
                "K8: nobody asked for this kill",
                lambda seen: value_at(seen.model, "spec", "killSwitch", "engaged") is True,
                survives=True,
            )
        else:
            self._grounds.holds(
                write,
                process,
                name,
                "J1: killed for nothing that was seen",
                lambda seen: self._evidence.kills(name, process, seen),
            )
        self.set_entries(write, process)

    def release(self, write: Write, process: Writer) -> None:
        """A release of ours was asked for by somebody who may (rules K8, K9)."""
        assert write.old is not None
        old = write.old
        name = old["spec"]["models"][0]
        self._grounds.holds(
            write,
            process,
            name,
            "K8, K9: released by somebody who may not",
            lambda seen: evidence.may_release(seen, old, gitops=GITOPS),
            survives=True,
        )

    def set_entries(self, write: Write, process: Writer) -> None:
        """What a switch remembers is what was there, and stays until it is back (rule K2)."""
        before = {} if write.old is None else by_workload(write.old)
        after = by_workload(write.new or {})
        for name in sorted({*before, *after}):
            old, new = before.get(name), after.get(name)
            if old == new:
                continue
            if new is None:
                self._grounds.holds(
                    write,
                    process,
                    name,
                    "K2: let go of while held",
                    functools.partial(
                        _may_let_go,
                        old=old,
                        returns_to=self._surrounded.returns_to(old or {}),
                        decided=self._server.decided,
                    ),
                )
                continue
            if new["ceiling"] > (old or new)["ceiling"]:
                self._grounds.holds(
                    write, process, name, "K2: put back while a switch holds", lambda seen: not seen.engaged
                )
            self._grounds.holds(
                write,
                process,
                name,
                "K2: what comes back is not what was there",
                functools.partial(_is_as_before, old=old, new=new),
                survives=True,
            )


def _asked(seen: Sight, *, new: Object) -> bool:
    """Whether a person asks something of the model, or of this checkpoint, by annotation."""
    own = [each for each in seen.checkpoints if each["metadata"]["name"] == new["metadata"]["name"]]
    return any(
        key.startswith(names.GROUP)
        for each in (*own, *([seen.model] if seen.model else []))
        for key in each["metadata"].get("annotations") or ()
    )


def _killed_for(seen: Sight, digest: str) -> bool:
    return any(
        each["metadata"].get("annotations", {}).get(names.ANNOTATION_BAD_DIGEST) == digest
        for each in (*seen.engaged, *(switch for switch, _ in seen.entries))
    )


def _is_bad(seen: Sight, checkpoint: Object) -> bool:
    own = seen.saved(checkpoint["spec"]["saved"]["podTemplate"])
    return any(worth(each) == "Bad" for each in own)


def _wants(seen: Sight, version: str, new: Object) -> bool:
    """Whether a version is asked for: in the spec, or by being put on a model that follows while it was killed."""
    paused = value_at(seen.asks, "rollout", "paused")
    if seen.asks.get("suspend") or paused:
        return False
    if seen.asks.get("follow") and seen.asks.get("version") is None:
        return len(new["spec"]["activations"]) == 1
    return seen.asks.get("version") == version


def _runs(seen: Sight, checkpoint: Object) -> bool:
    template = value_at(seen.deployment, "spec", "template")
    return template is not None and fingerprint(template) == fingerprint(
        checkpoint["spec"]["saved"]["podTemplate"]
    )


def _left_is_bad(seen: Sight, new: Object) -> bool:
    current = seen.current
    return current is not None and worth(current) == "Bad"


def _is_best(seen: Sight, new: Object) -> bool:
    """Whether a version is the Good one that served last; where none is, the Unproven one, if it never breached."""
    left = "" if seen.current is None else fingerprint(seen.current["spec"]["saved"]["podTemplate"])
    others = [
        each
        for each in seen.checkpoints
        if each["spec"].get("activations") and fingerprint(each["spec"]["saved"]["podTemplate"]) != left
    ]
    good = [each for each in others if worth(each) == "Good"]
    fit = good or [
        each
        for each in others
        if worth(each) == "Unproven" and each["spec"]["verdict"]["reason"] in ("Served", "Baked")
    ]
    best = max(fit, key=sight.activated_at, default=None)
    return best is not None and bool(best["metadata"]["name"] == new["metadata"]["name"])


def _may_let_go(seen: Sight, old: Object | None, returns_to: int, decided: float) -> bool:
    if seen.engaged or old is None:
        return False
    gone = seen.deployment is None or seen.model is None or evidence.created_since(seen.model, decided)
    return bool(gone or old["replicas"] == 0 or seen.replicas >= returns_to)


def _is_as_before(seen: Sight, old: Object | None, new: Object) -> bool:
    if old is not None:
        return bool(old["replicas"] == new["replicas"])
    held = [entry["replicas"] for _, entry in seen.entries]
    return bool(new["replicas"] in held if held else new["replicas"] == seen.replicas)
