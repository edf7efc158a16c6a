"""Sandboxes in a pool of warm containers, their image and their seccomp profile."""
