"""How mathematics is written: one canonical LaTeX, units, words of other languages. No notion of answers."""
