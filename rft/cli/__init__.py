"""The command line: one file per group of commands. Only this room and the name tables know concrete classes."""
