"""Children of this process: how they are started, heard, limited and ended."""
