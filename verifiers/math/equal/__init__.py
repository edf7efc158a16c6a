"""Whether two readings are the same answer."""
