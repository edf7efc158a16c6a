"""What people see: progress while a run goes on, tables when it has ended."""
