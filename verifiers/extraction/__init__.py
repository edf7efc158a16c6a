"""The answer in a completion: phrases that announce it, and the last number in prose."""
