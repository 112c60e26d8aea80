"""The operator's image as a process node runs it: the same command, with the kubeconfig of the pod's account.

Pods of the embedded cluster get no tokens of their own, and all of them share one network.
"""

import os
import sys

from lastgood.cli import main

if __name__ == "__main__":
    os.environ["KUBECONFIG"] = os.environ["REMOVAL" if sys.argv[1] == "interlock" else "OPERATOR"]
    main([argument.replace("0.0.0.0:", f"{os.environ['POD_IP']}:") for argument in sys.argv[1:]])
