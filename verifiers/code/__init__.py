"""Judges programs: takes them out of completions, runs them in sandboxes, compares what they did with the reference.

Read in this order: ``reference`` (what a problem says); ``answer`` (the rule by which a program is taken out of a
completion, in ``extract``, its parts, and what a prompt puts in front of an answer, in ``context``); ``verifier`` and
``trial`` (how programs are run, and what the facts mean).
"""
