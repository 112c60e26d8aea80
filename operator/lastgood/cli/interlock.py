"""`lastgood interlock remove`: take the interlock away, before an uninstall or when its CRD is gone.

A policy whose parameters are of a kind that is gone refuses every Deployment write of the cluster, so that the bindings
have to go before the CRDs. The chart's pre-delete hook runs this command; it needs `delete` on these bindings and
nothing else.
"""

import asyncio
import contextlib
import sys
from typing import Final

import click

from lastgood.cli import operator
from lastgood.runtime import settings

POLICIES: Final = ("hold", "latch", "cluster-latch", "release", "saved")
"""The chart's policies; the binding of each is called after the release and the policy."""

HELP: Final = """Take the interlock away: from then on the API server refuses nothing on lastgood's behalf.

Kills stay engaged, and a running operator undoes whoever scales up what is killed. `helm upgrade` puts the interlock
back.

\b
Examples:
  lastgood interlock remove
  lastgood interlock remove --context production --name safety-lastgood
  kubectl delete validatingadmissionpolicybinding lastgood-hold     # what blocks Deployments, with kubectl alone

\b
Exit codes:
  0  gone, now or before
  2  a flag that cannot be used
  3  no answer from the API server, or no right to delete them
"""


@click.group(name="interlock", short_help="Take the interlock away.")
def command() -> None:
    """Handle what the API server itself refuses on lastgood's behalf."""


@command.command(name="remove", help=HELP, short_help="Delete the bindings of the interlock's policies.")
@click.option(
    "--name", default="lastgood", show_default=True, help="What the chart's objects are called after."
)
@click.option("--kubeconfig", help="Kubeconfig of the cluster. Default: as for `lastgood operator`.")
@click.option("--context", help="Context of the kubeconfig. Default: its current one.")
@click.pass_context
def remove(ctx: click.Context, name: str, kubeconfig: str | None, context: str | None) -> None:
    """Delete the bindings."""
    ctx.exit(asyncio.run(_remove(name, kubeconfig or settings.find_kubeconfig(), context)))


async def _remove(name: str, kubeconfig: str | None, context: str | None) -> int:
    from lastgood.kube import client, errors, resources  # noqa: PLC0415  (it takes a second; --help must not)

    try:
        cluster = await client.connect(kubeconfig=kubeconfig, context=context)
        async with contextlib.aclosing(cluster):
            for policy in POLICIES:
                binding = f"{name}-{policy}"
                try:
                    await cluster.delete(resources.POLICY_BINDINGS, None, binding)
                except errors.NotFound:
                    click.echo(f"ValidatingAdmissionPolicyBinding {binding} is not there")
                else:
                    click.echo(f"ValidatingAdmissionPolicyBinding {binding} is deleted")
    except errors.ClusterError as error:
        sys.stderr.write(f"lastgood: {error}; the interlock may still hold, so repeat this command\n")
        return operator.CANNOT_START
    return operator.STOPPED
