"""Sandboxes that need no daemon: namespaces of this machine's kernel."""
