"""The program in a completion: fences, pieces, continuations of a prompt."""
