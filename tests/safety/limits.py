"""What no test of ours can show, or nobody can enforce, by rule: written by hand, printed in docs/safety.md."""

from collections.abc import Mapping
from typing import Final

LIMITS: Final[Mapping[str, str]] = {
    "J3": "A Prometheus that answers in time with wrong numbers is believed.",
    "J5": "A metric that vanishes with its exporter looks like a version without traffic; `onNoData` says which it is.",
    "J6": "A clock that is ahead of Prometheus', by up to 30 s, recalls that much breach time too much, at a start.",
    "J7": "A restart of a pod by the kubelet is not seen as a new start: a version that crashes must stay guarded.",
    "F1": "Whoever restores etcd from a backup restores the decisions of that time; a kill engaged since is lost.",
    "F4": (
        "No precondition reaches across two objects: a kill may be recorded for a Deployment that is deleted and "
        "created again while the record is on its way."
    ),
    "F5": "A process that is stopped between its last check and its write is fenced by resourceVersion alone.",
    "R1": "That a version was good says nothing of what it reads from outside: a changed artifact under the same name.",
    "R6": "Pods that start and serve nonsense are for the thresholds.",
    "K2": "A kill of a kind other than Deployment, and of bare pods under the same labels, is not enforced.",
    "K4": (
        "Processes that a node which is cut off still runs are unknown to the API server until that node is back. What "
        "a deleted Deployment with another selector has left is known as the watch brings it, and is not read afresh."
    ),
    "K5": (
        "Not enforced: deletion of the CRDs, edits of the policies, impersonation. While the operator is down only "
        "what is named in `workloads` or held by an entry stays down, and nothing stops pods that run already."
    ),
    "K8": "Field managers are names that clients give themselves: RBAC says who may write, not they.",
    "B3": "What people write into a reason, a label or an environment variable is theirs to keep free of secrets.",
    "B4": "Cluster administrators can write anything; the digest only shows that somebody did.",
}
