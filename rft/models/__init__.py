"""Models as files: fetches the embedded one, resolves what a config names, checks that a folder can be loaded.

``embedded`` and ``resolve`` stand before the loop, ``check_model`` behind every trainer, ``identity`` beside what is
cached per model. Nothing here imports torch; the one conversion runs in a process of its own.
"""

from rft.models.checkpoint import check_model, identity
from rft.models.embedded import EMBEDDED, EmbeddedModel, cache_folder, embedded, resolve

__all__ = ["EMBEDDED", "EmbeddedModel", "cache_folder", "check_model", "embedded", "identity", "resolve"]
