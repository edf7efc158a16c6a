"""A small stored run that ships with the package: ``rft hello`` sends it through the whole line without an engine."""
