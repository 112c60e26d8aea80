"""What people, GitOps and the models themselves do: one small move at a time.

Each move takes its numbers from the dice before it looks at the world, so that the same seed makes the same moves
whatever the operator, or a fault, has made of the world meanwhile.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from lastgood.api import names
from lastgood.kube import errors, resources
from tests.simulation import scene, virtual_time
from tests.simulation.apiserver import ApiServer, Key
from tests.simulation.autoscalers import AUTOSCALER
from tests.simulation.controllers import Controllers
from tests.simulation.objects import Object
from tests.simulation.prometheus import Prometheus, Signal
from tests.simulation.scene import GITOPS, NAMESPACE, PERSON, VERSIONS, Scene

SWITCHES: Final = ("incident", "leak")
GONE_WRONG: Final = (
    Signal.BAD,
    Signal.BAD,
    Signal.BAD,
    Signal.FLAPPING,
    Signal.ENDLESS,
    Signal.NAN,
    Signal.EMPTY,
    Signal.SEVERAL,
    Signal.PARTIAL,
    Signal.REFUSED,
)


Move = Callable[["People", str, str, float], str]


@dataclass
class People:
    """Everybody but the operator and the controllers."""

    scene: Scene
    server: ApiServer
    controllers: Controllers
    prometheus: Prometheus
    dice: random.Random

    deleted: set[str] = field(default_factory=set)
    """Models that were deleted once."""
    inclined: tuple[Sequence["Move"], Sequence[float]] = ((), ())
    """What they are given to: moves, and how often each is made beside the others."""

    def move(self) -> str:
        """Do one thing; return what it was, for the trace."""
        model = self.dice.choice(self.scene.models)
        number = self.dice.random()
        version = self.dice.choice(VERSIONS)
        chosen = self.dice.choices(self.inclined[0], weights=self.inclined[1])[0]
        try:
            return chosen(self, model, version, number)
        except (errors.NotFound, errors.Forbidden, errors.Conflict) as refused:
            return f"{getattr(chosen, '__name__', '')}: {refused}"

    # What the models do

    def metric(self, model: str, version: str, number: float) -> str:
        """A metric of a version goes bad, or is fine again."""
        threshold = self.scene.thresholds[int(number * 100) % len(self.scene.thresholds)].name
        if threshold == "toxic" and number > 0.4:
            threshold = "errors"
        signal = Signal.FINE if number < 0.4 else GONE_WRONG[int(number * 1000) % len(GONE_WRONG)]
        self.prometheus.say((model, version, threshold), signal)
        return f"{threshold} of {model} {version} is {signal}"

    def crashing(self, model: str, version: str, number: float) -> str:
        """Pods of a version crash, or no longer do."""
        image = f"img:{version}"
        self.controllers.disturb()
        if number < 0.55:
            self.controllers.crashing.discard(image)
            return f"{version} starts again"
        self.controllers.crashing.add(image)
        return f"{version} crashes"

    def outage(self, model: str, version: str, number: float) -> str:
        """Pods of every version crash, as when a node pool is gone; or none does any more."""
        self.controllers.disturb()
        if number < 0.5:
            self.controllers.crashing.update(f"img:{each}" for each in VERSIONS)
            return "everything crashes"
        self.controllers.crashing.clear()
        return "everything starts again"

    def give_up(self, model: str, version: str, number: float) -> str:
        """What runs crashes, and a person orders another version in its place, whatever was held of that."""
        done = self.outage(model, version, 0.0), self.overrule(model, version, 0.5)
        return "; ".join((*done, self.order(model, version, 0.0)))

    def hanging(self, model: str, version: str, number: float) -> str:
        """Pods hang when they are deleted, or no longer do."""
        self.controllers.hanging = number < 0.3
        self.controllers.disturb()
        return f"pods {'hang' if self.controllers.hanging else 'end'} when deleted"

    # What people ask of a model

    def want(self, model: str, version: str, number: float) -> str:
        """Somebody asks for another version."""
        scene.ask_for(self.scene, self.server, model, version)
        return f"{model}: version {version} is wanted"

    def suspend(self, model: str, version: str, number: float) -> str:
        """Somebody suspends a model, or resumes it."""
        self._model(model, {"spec": {"suspend": number < 0.3}})
        return f"{model}: suspend {number < 0.3}"

    def pause(self, model: str, version: str, number: float) -> str:
        """Somebody pauses rollouts, or lets them go on."""
        self._model(model, {"spec": {"rollout": {"paused": number < 0.3}}})
        return f"{model}: rollout paused {number < 0.3}"

    def ask_for_a_kill(self, model: str, version: str, number: float) -> str:
        """A person, or GitOps, engages the model's own field or releases it."""
        by = GITOPS if number * 10 % 1 < 0.3 else PERSON
        self._model(model, {"spec": {"killSwitch": {"engaged": number < 0.3}}}, by=by)
        return f"{model}: killSwitch.engaged {number < 0.3} by {by}"

    def resume(self, model: str, version: str, number: float) -> str:
        """A person starts a model that stays at zero."""
        self._model(model, {"metadata": {"annotations": {names.ANNOTATION_RESUME: version}}})
        return f"{model}: resume {version}"

    def overrule(self, model: str, version: str, number: float) -> str:
        """A person gives a verdict on a version."""
        worth = ("Good", "Unproven", "Bad")[int(number * 3)]
        saved = self.server.listed(resources.MODEL_CHECKPOINTS, NAMESPACE, {names.LABEL_MODEL: model})
        for each in [each for each in saved if each["spec"]["saved"]["version"] == version][:1]:
            self.server.patch(
                resources.MODEL_CHECKPOINTS,
                NAMESPACE,
                each["metadata"]["name"],
                {"metadata": {"annotations": {names.ANNOTATION_VERDICT: worth}}},
                by=PERSON,
            )
        return f"{model}: {version} is {worth}, says a person"

    def order(self, model: str, version: str, number: float) -> str:
        """A person orders a rollback, or the end of a rollout."""
        annotation = names.ANNOTATION_ROLLBACK_TO if number < 0.6 else names.ANNOTATION_ABORT
        self._model(model, {"metadata": {"annotations": {annotation: version}}})
        return f"{model}: {annotation} {version}"

    # Switches

    def engage(self, model: str, version: str, number: float) -> str:
        """A person engages a switch."""
        name = SWITCHES[int(number * 2)]
        selection: tuple[Object, ...] = (
            {"models": [model]},
            {"selector": {"matchLabels": {"team": "payments"}}},
            {},
            {"workloads": [model]},
        )
        spec = {"engaged": True, "reason": "leak", **selection[int(number * 1000) % 4]}
        if self.scene.around.fallback and number * 100 % 1 < 0.5:
            spec["action"] = "Fallback" if number * 100 % 1 < 0.3 else "ScaleToZero"
        if self.server.find(resources.KILL_SWITCHES, (NAMESPACE, name)) is None:
            body = {"metadata": {"name": name}, "spec": spec}
            self.server.create(resources.KILL_SWITCHES, NAMESPACE, body, by=PERSON)
        else:
            self._switch(name, {"spec": {"engaged": True}})
        return f"switch {name} is engaged"

    def release(self, model: str, version: str, number: float) -> str:
        """A person releases all switches that nobody's field stands behind."""
        released = [
            raw["metadata"]["name"]
            for raw in self.server.listed(resources.KILL_SWITCHES, NAMESPACE)
            if raw["spec"]["engaged"] and not raw["metadata"]["name"].endswith("-spec")
        ]
        for name in released:
            self._switch(name, {"spec": {"engaged": False}})
        return f"released: {released}"

    # What others do to the workload

    def scale(self, model: str, version: str, number: float) -> str:
        """Somebody scales a Deployment."""
        deployment = self.server.get(resources.DEPLOYMENTS, NAMESPACE, model)
        replicas = int(number * 5)
        self.controllers.scale(deployment, replicas, by=PERSON if number < 0.5 else AUTOSCALER)
        return f"Deployment {model} is scaled to {replicas}"

    def apply(self, model: str, version: str, number: float) -> str:
        """GitOps puts a whole manifest back, replicas and image too."""
        self._deployment(model, {"spec": {"replicas": 3}}, by=GITOPS)
        self._deployment(model, {"spec": {"template": scene.template(self.scene, model, version)}}, by=GITOPS)
        return f"Deployment {model}: a manifest with {version} and 3 replicas is applied"

    def restart(self, model: str, version: str, number: float) -> str:
        """Somebody restarts a rollout."""
        at = virtual_time.stamp(virtual_time.true_time())
        mark = {"annotations": {"kubectl.kubernetes.io/restartedAt": at}}
        self._deployment(model, {"spec": {"template": {"metadata": mark}}})
        return f"Deployment {model} is restarted"

    def pause_deployment(self, model: str, version: str, number: float) -> str:
        """Somebody pauses the Deployment, or resumes it."""
        self._deployment(model, {"spec": {"paused": True if number < 0.3 else None}})
        return f"Deployment {model}: paused {number < 0.3}"

    def lose_a_pod(self, model: str, version: str, number: float) -> str:
        """A node takes a pod with it."""
        pods = list(self.server.of(resources.PODS))
        if pods:
            self.server.delete(resources.PODS, pods[int(number * len(pods))], by="node")
        return "a pod is lost"

    # What is deleted and created again

    def recreate_model(self, model: str, version: str, number: float) -> str:
        """A ModelDeployment is deleted, and created as it began."""
        key: Key = NAMESPACE, model
        self.deleted.add(model)
        self.server.delete(resources.MODEL_DEPLOYMENTS, key, by=GITOPS)
        if number < 0.8:
            scene.create_model(self.scene, self.server, model)
        return f"ModelDeployment {model} is deleted" + (" and created again" if number < 0.8 else "")

    def restore_model(self, model: str, version: str, number: float) -> str:
        """A ModelDeployment that is missing is created."""
        scene.create_model(self.scene, self.server, model)
        return f"ModelDeployment {model} is created"

    def recreate_deployment(self, model: str, version: str, number: float) -> str:
        """A Deployment is deleted and created as it began."""
        self.server.delete(resources.DEPLOYMENTS, (NAMESPACE, model), by=GITOPS)
        if number < 0.8:
            scene.create_deployment(self.scene, self.server, model)
        return f"Deployment {model} is deleted" + (" and created again" if number < 0.8 else "")

    def restore_deployment(self, model: str, version: str, number: float) -> str:
        """A Deployment that is missing is created."""
        scene.create_deployment(self.scene, self.server, model)
        return f"Deployment {model} is created"

    def wipe_status(self, model: str, version: str, number: float) -> str:
        """A backup that knows no status is restored."""
        for resource in (resources.MODEL_DEPLOYMENTS, resources.KILL_SWITCHES):
            for namespace, name in list(self.server.of(resource)):
                empty = {"status": None}
                self.server.patch(resource, namespace, name, empty, by=PERSON, subresource="status")
        return "every status is lost"

    def _model(self, model: str, body: Object, *, by: str = PERSON) -> None:
        self.server.patch(resources.MODEL_DEPLOYMENTS, NAMESPACE, model, body, by=by)

    def _switch(self, name: str, body: Object) -> None:
        self.server.patch(resources.KILL_SWITCHES, NAMESPACE, name, body, by=PERSON)

    def _deployment(self, model: str, body: Object, *, by: str = PERSON) -> None:
        self.server.patch(resources.DEPLOYMENTS, NAMESPACE, model, body, by=by)
