"""Text of mathematics -> tree -> value. Knows nothing of answers, problems or verdicts."""
