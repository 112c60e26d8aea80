"""The names that set-up, story and tests share; the manifests in `examples/mlserver/` use the same."""

from typing import Final

NAMESPACE: Final = "ml"
MODEL: Final = "screening"
"""Name of the ModelDeployment, of the Deployment, of the Service, and of the model inside MLServer."""
CONTAINER: Final = "model"
GOOD: Final = "1.4.0"
FAULTY: Final = "1.5.0"
REPLICAS: Final = 2
PORT: Final = 8080
"""Of the Service."""
IMAGE: Final = "lastgood.example/screening"

ADDRESS_ANNOTATION: Final = "devcluster.lastgood.dev/address"
"""On the Service: the loopback address at which the process node answers for it, on the Service's ports."""
VERSION_LABEL: Final = "lastgood.dev/version"

API: Final = "/apis/lastgood.dev/v1alpha1"
