"""The version of the package, for whoever says it to others: the command line, a sandbox server, an image."""

__version__ = "0.1.0"
