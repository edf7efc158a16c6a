"""Judges programs: takes them out of completions, runs them in sandboxes, compares what they did with the reference.

Read in this order: ``reference`` and ``asserts`` (what a problem says); ``fences``, ``python_source``, ``pieces``,
``continuation`` and ``braces`` (the parts of the rule by which a program is taken out of a completion), ``extract``
(the rule) and ``context`` (what a prompt puts in front of an answer); ``verifier`` and what it uses to run programs and
to say what the facts mean.
"""
