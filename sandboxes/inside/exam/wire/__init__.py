"""What may cross between candidate and tester, and how it is written down."""
