"""Judges answers to mathematical questions: exact in process where it can be, symbolic in worker processes elsewhere.

Read in this order: ``text`` (one spelling per answer), ``shape`` (lists, tuples, matrices), ``compare`` (the rules),
``bounds`` (what is refused before any symbolic work), ``worker`` (math-verify, behind a pipe), ``verifier``.
"""
