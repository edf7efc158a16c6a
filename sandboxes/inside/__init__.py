"""What runs inside a sandbox: standard library only, and no import from outside this folder."""
