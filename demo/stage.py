"""What a story is played on: a cluster with the model's pods, Prometheus and the operator.

The story knows this class and nothing below it, so the same steps run on the embedded cluster and on kind.
`stage_embedded` and `stage_kind` build one.
"""

import dataclasses
import pathlib
from collections.abc import Awaitable, Callable

from demo import cluster


@dataclasses.dataclass(frozen=True, kw_only=True)
class Process:
    """A running model server, seen from outside the cluster's API."""

    id: str
    """A process id on the embedded cluster, a container id on kind."""
    version: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stage:
    """Everything that the story touches."""

    cluster: cluster.Cluster
    address: str
    """HOST:PORT at which clients reach the model's Service."""
    prometheus_url: str
    rows: list[list[float]]
    """What the steady client sends: measurements that training has not seen."""
    logs: pathlib.Path
    """Folder with the logs of the operator and of everything else that was started."""
    kubectl: str
    processes: Callable[[], Awaitable[list[Process]]]
    """Lists the model servers that run now by asking the operating system, not the API server."""
    operator_address: str
    """URL of the operator's own /metrics and probes."""
    operator_is_alive: Callable[[], bool]
