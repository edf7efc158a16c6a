"""From selected rows to the files that trainers read."""
