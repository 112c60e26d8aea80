"""`lastgood gitops TOOL DEPLOYMENT...`: settings by which GitOps tools leave alone what lastgood writes (rule P1).

The operator writes a Deployment's template and replicas, and answers requests by taking annotations down. A tool that
puts these back fights it. docs/how-to/use-gitops.md says why each setting is there; a test holds the two to the same
text.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import click
import yaml

SSA: Final = "kustomize.toolkit.fluxcd.io/ssa"

Document = tuple[str, dict[str, Any]]
"""Where a piece of YAML goes, and the piece."""


def argocd(deployments: Sequence[str]) -> list[Document]:
    """Give the settings for Argo CD."""
    ignored = [
        {
            "group": "apps",
            "kind": "Deployment",
            "name": name,
            "jsonPointers": ["/spec/template", "/spec/replicas"],
        }
        for name in deployments
    ]
    options = {"syncOptions": ["RespectIgnoreDifferences=true"]}
    return [
        ("In the Application", {"spec": {"ignoreDifferences": ignored, "syncPolicy": options}}),
    ]


def flux(deployments: Sequence[str]) -> list[Document]:
    """Give the settings for Flux."""
    names = " and ".join(deployments)
    return [
        (f"On the Deployment {names} in Git", {"metadata": {"annotations": {SSA: "IfNotPresent"}}}),
        ("On the ModelDeployment in Git", {"metadata": {"annotations": {SSA: "Merge"}}}),
    ]


TOOLS: Final[Mapping[str, Callable[[Sequence[str]], list[Document]]]] = {"argocd": argocd, "flux": flux}

HELP: Final = """Print the settings by which Argo CD or Flux leaves alone what lastgood writes to these Deployments.

Leave `replicas` out of the Deployment's manifest too.

\b
Examples:
  lastgood gitops argocd fraud
  lastgood gitops argocd fraud churn
  lastgood gitops flux fraud
"""


@click.command(name="gitops", help=HELP, short_help="Print settings for Argo CD or Flux.")
@click.argument("tool", type=click.Choice(sorted(TOOLS)))
@click.argument("deployments", nargs=-1, required=True, metavar="DEPLOYMENT...")
def command(tool: str, deployments: tuple[str, ...]) -> None:
    """Print settings."""
    for place, (where, settings) in enumerate(TOOLS[tool](deployments)):
        click.echo(("---\n" if place else "") + f"# {where}:")
        click.echo(written(settings), nl=False)


def written(settings: Mapping[str, Any]) -> str:
    """Write settings as YAML, as the documentation shows them."""
    return yaml.safe_dump(settings, sort_keys=False, default_flow_style=None, width=100)
