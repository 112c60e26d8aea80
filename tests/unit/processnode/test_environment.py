import pytest

from devcluster.processnode import environment, images
from devcluster.processnode.apiserver import Object

POD: Object = {
    "metadata": {
        "name": "fraud-1",
        "namespace": "ml",
        "uid": "u-1",
        "labels": {"app": "fraud", "lastgood.dev/version": "1.4.0"},
        "annotations": {"note": "hello"},
    },
    "spec": {"nodeName": "process-0"},
}
NODE = {"pod_ip": "127.64.0.1", "host_ip": "127.0.0.1"}
IMAGE = images.Image(
    name="model:1", digest="sha256:0", command=("serve", "{pod_ip}"), args=("--port", "{port:http}")
)
FIELDS = {"pod_ip": "127.64.0.1", "port:http": "8080"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$(A)", "1"),
        ("$(A)$(B)", "12"),
        ("$(MISSING)", "$(MISSING)"),
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$1"),
        ("$A ${A} $(A", "$A ${A} $(A"),
        ("$", "$"),
    ],
)
def test_references_are_expanded_as_the_api_documents_it(text: str, expected: str) -> None:
    assert environment.expand(text, variables={"A": "1", "B": "2"}) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("metadata.name", "fraud-1"),
        ("metadata.namespace", "ml"),
        ("metadata.labels['lastgood.dev/version']", "1.4.0"),
        ("metadata.labels['none']", ""),
        ("metadata.annotations['note']", "hello"),
        ("spec.nodeName", "process-0"),
        ("status.podIP", "127.64.0.1"),
    ],
)
def test_a_field_reference_gives_the_pods_own_value(path: str, expected: str) -> None:
    assert environment.field_value(POD, path, node=NODE) == expected


def test_a_field_that_is_not_known_is_refused_by_name() -> None:
    with pytest.raises(environment.ConfigError, match=r"fieldRef spec\.tolerations is not supported"):
        environment.field_value(POD, "spec.tolerations", node=NODE)


def command(container: Object, *, image: images.Image = IMAGE) -> list[str]:
    env = {"A": "1"}
    return environment.invocation(container, image=image, env=env, fields=FIELDS, folder="/").command


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        pytest.param(
            {}, ["serve", "127.64.0.1", "--port", "8080"], id="the image's own command and arguments"
        ),
        pytest.param({"args": ["--a=$(A)"]}, ["serve", "127.64.0.1", "--a=1"], id="args replace the image's"),
        pytest.param({"command": ["sh"]}, ["sh"], id="a command replaces both"),
        pytest.param(
            {"command": ["sh"], "args": ["-c", "{port:http}"]},
            ["sh", "-c", "{port:http}"],
            id="a pod's own braces stay",
        ),
    ],
)
def test_command_and_args_combine_as_in_a_container(container: Object, expected: list[str]) -> None:
    assert command(container) == expected


def test_an_image_without_a_command_needs_one_from_the_pod() -> None:
    with pytest.raises(environment.ConfigError, match="no command specified"):
        command({}, image=images.Image(name="empty:1", digest="sha256:0"))


def test_the_pods_environment_wins_over_the_images_and_nothing_else_leaks_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KUBECONFIG", "/etc/admin.conf")
    image = images.Image(
        name="m", digest="sha256:0", command=("x",), env={"A": "image", "ADDRESS": "{pod_ip}"}
    )
    env = environment.invocation({}, image=image, env={"A": "pod"}, fields=FIELDS, folder="/").env
    assert env["A"] == "pod"
    assert env["ADDRESS"] == "127.64.0.1"
    assert "KUBECONFIG" not in env
    assert "PATH" in env
