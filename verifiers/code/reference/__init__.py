"""What a problem says of its tests, and the stubs that prove that each of them can fail."""
