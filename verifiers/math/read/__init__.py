"""An answer's text as a reading: numbers, lists, intervals, statements, dates, and the policy that guides it."""
