"""Sandboxes lent over HTTP: the client of one, and the server that lends one."""
