"""Models as files: fetches the embedded one, resolves what a config names, checks that a folder can be loaded.

``embedded`` and ``resolve`` stand before the loop, ``check_model`` behind every trainer, ``make_portable`` behind those
that save with transformers, ``identity`` beside what is cached per model. Nothing here imports torch; the one
conversion runs in a process of its own.
"""

from rft.models.checkpoint import check_model, identity
from rft.models.embedded import cache_folder, embedded, resolve
from rft.models.portable import make_portable
from rft.models.table import EMBEDDED, EmbeddedModel

__all__ = [
    "EMBEDDED",
    "EmbeddedModel",
    "cache_folder",
    "check_model",
    "embedded",
    "identity",
    "make_portable",
    "resolve",
]
