"""The trusted process of a sandbox: takes jobs from the host, starts children, watches their limits."""
