"""``python -m rft`` is ``rft``."""

from rft.cli.app import main

main()
