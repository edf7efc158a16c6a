"""Components of others, with and without mistakes."""
