"""What can go wrong between us and the API server, told apart by what the caller must do next.

ClusterError
 ├── NotFound       the object is not there
 ├── Conflict       our precondition does not hold: observe again
 │    └── AlreadyExists
 ├── Forbidden      RBAC or an admission policy refuses: the message says which
 │    └── Held      the interlock refuses a raise: it may not have seen yet what was recorded, so try again
 ├── Invalid        the API server refuses the object as it is: repeating does not help
 └── Unavailable    no answer, or 429/5xx: whether a write was made is unknown
"""


class ClusterError(Exception):
    """Any refusal or failure of a request to the API server; the message is one sentence for people."""


class NotFound(ClusterError):
    """The object, or its kind, does not exist (404, 410)."""


class Conflict(ClusterError):
    """The object is not what the request took it for (409): its uid or resourceVersion is another."""


class AlreadyExists(Conflict):
    """An object of this name is there already (409 with reason AlreadyExists)."""


class Forbidden(ClusterError):
    """RBAC, or an admission policy, does not allow the request (401, 403)."""


class Held(Forbidden):
    """The interlock refuses to raise a workload (403).

    The API server's own watch of the switches lags behind what it has stored, so this is also what it answers to a
    raise that rests on a ceiling recorded a moment ago: no alarm, unless it lasts.
    """


class Invalid(ClusterError):
    """The API server refuses the content of the request (400, 415, 422)."""


class Unavailable(ClusterError):
    """The API server did not answer in time, or answered 429 or 5xx; a write may have been made."""
