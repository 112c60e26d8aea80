"""A real Kubernetes control plane, Prometheus and nodes as local processes, for demo, tests and benchmarks.

Clusters in containers need a container runtime and images, and both may be missing where tests run. Here etcd, the API
server, the controller manager, the scheduler, kwok and Prometheus are built from package registries (``binaries``) and
run as plain processes on loopback addresses (``run``). What talks to it cannot tell it from a cluster: admission, RBAC,
watches, garbage collection, service discovery are the real ones.

What it must not do: outlive whoever started it, listen beyond loopback, or hide a component that died.

Imports point one way: ``cli`` → ``cluster`` → ``run`` → ``binaries``, ``options``, ``folders``, ``errors``.
"""

from devcluster.cluster import Cluster
from devcluster.errors import DevclusterError
from devcluster.options import ClusterOptions, User, service_account

__all__ = ["Cluster", "ClusterOptions", "DevclusterError", "User", "service_account"]
