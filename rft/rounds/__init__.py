"""The loop: its stages, and what keeps their results in step with their inputs."""
