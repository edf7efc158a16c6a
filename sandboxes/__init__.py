"""Where untrusted code runs. A sandbox runs a program within limits and returns facts, never a verdict.

A sandbox is a dataclass whose fields are its options, with the methods of ``rft.types.Sandbox``. Read ``local`` first,
then ``inside/supervisor``, which is the same for local sandboxes and containers.
"""

SANDBOXES = {
    "local": "rft.sandboxes.local.sandbox:LocalSandbox",
    "docker": "rft.sandboxes.docker.sandbox:DockerSandbox",
    "http": "rft.sandboxes.http.sandbox:HttpSandbox",
}
"""Name -> "module:Class"."""
