import pytest
import yaml

from tests.cluster.processnode import running
from tests.cluster.processnode.running import Pods, RunningNode

pytestmark = pytest.mark.cluster


async def test_an_unknown_image_gives_first_a_pull_error_and_then_a_back_off(pods: Pods) -> None:
    await pods.run("model", {"image": "registry.example/nobody:1"})
    await pods.until(running.waits_for("model", "ImagePullBackOff"))

    reasons = [(running.state(pod).get("waiting") or {}).get("reason") for pod in pods.seen]
    assert reasons.index("ErrImagePull") < reasons.index("ImagePullBackOff")
    pod = pods.now["model"]
    assert 'Back-off pulling image "registry.example/nobody:1"' in running.state(pod)["waiting"]["message"]
    assert pod["status"]["phase"] == "Pending"
    assert running.condition(pod, "Ready") == "False"


async def test_an_image_that_appears_later_is_pulled_at_the_next_attempt(
    pods: Pods, node: RunningNode
) -> None:
    await pods.run("model", {"image": f"{pods.namespace}:1"})
    await pods.until(running.waits_for("model", "ImagePullBackOff"))
    table = yaml.safe_load(node.images.read_text(encoding="utf-8"))
    table[f"{pods.namespace}:1"] = {"command": ["sleep", "1000"]}
    node.images.write_text(yaml.safe_dump(table), encoding="utf-8")
    await pods.until(running.is_ready("model"))
    assert running.main(pods.now["model"])["restartCount"] == 0


async def test_the_image_id_is_the_same_for_every_pod_of_an_image(pods: Pods) -> None:
    await pods.run("one", running.server())
    await pods.run("two", running.server())
    await pods.run("other", running.server(image="server:2"))
    await pods.until(lambda pods: all(running.is_ready(name)(pods) for name in ("one", "two", "other")))
    ids = {name: running.main(pods.now[name])["imageID"] for name in ("one", "two", "other")}
    assert ids["one"] == ids["two"] != ids["other"]
    assert ids["one"].startswith("server@sha256:")
