"""Judges answers to mathematical questions, exactly, in this process, in bounded time.

Read in this order: ``read.policy`` (what tasks may ask), ``spelling.latex`` (one spelling per answer), ``read.shape``
(lists, tuples, matrices) and ``read.reading``; the other files of ``read`` and ``spelling`` (the small kinds of
answers); ``rft.expressions`` (the grammar of expressions, and when two of them are equal); ``equal.align`` and
``equal.compare`` (the rules), ``verifier``.
"""
