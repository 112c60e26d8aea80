"""A node that runs pods as local processes, for clusters without containers.

A kwok node only claims that a pod runs. Demo and end-to-end tests need more: a rollback has to start the old model
server again, and a kill has to end a process. This node does what a kubelet does with the same objects, and reports it
in the same words, but a container is a process: ``images`` says which command stands for which image.

What it must not do: report what it has not seen. A pod is Ready because its own probe said so, an image that the table
does not know fails to pull, and a pod object goes only after its last process.

What a kubelet has and this node has not: isolation (users, limits, mounts, network), ephemeral containers, gRPC probes,
volumes other than emptyDir, ConfigMap and Secret (each is materialised in a folder, once, when the pod starts), the
variables of ``enableServiceLinks``, and an HTTP server for ``kubectl logs`` and ``exec``. Linux only.

The layers, upwards: ``launcher`` (one process tree) and ``process``; ``apiserver`` and ``events``; ``images``,
``environment``, ``volumes``, ``backoff``, ``probe``, ``status``, ``addresses``; ``sandbox`` (what a pod's containers
share), ``instance`` (one run of a container), ``container`` (its life), ``pod``, ``node``. Beside them stands the
Service proxy, ``relay`` and ``service``, which knows only the API server.
"""
