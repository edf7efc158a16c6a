"""What ``import rft`` offers, beside the records of ``rft.types``: verdicts, runs, and the records of a stored run."""
