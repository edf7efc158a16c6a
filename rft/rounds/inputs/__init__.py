"""What a run's figures belong to: identities of its inputs, its references, and the one rule of staleness."""
