"""Judges answers to mathematical questions, exactly, in this process, in bounded time.

Read in this order: ``policy`` (what tasks may choose), ``text`` (one spelling per answer), ``shape`` (lists, tuples,
matrices) and ``reading``; ``numbers``, ``units``, ``when``, ``forms``, ``statement`` and ``intervals`` (the small kinds
of answers); ``syntax`` and ``tree`` (the grammar of expressions), ``modular``, ``value`` and ``algebra`` (when two of
them are equal); ``align`` and ``compare`` (the rules), ``verifier``. ``worker`` is math-verify behind a pipe, for
``rft check --cross``.
"""

from rft.verifiers.math.compare import equivalent
from rft.verifiers.math.policy import Policy

__all__ = ["Policy", "equivalent"]
