"""A candidate and its tester: two processes between which only plain values cross."""
