"""From a forked interpreter to a confined program: namespaces, limits, system calls."""
