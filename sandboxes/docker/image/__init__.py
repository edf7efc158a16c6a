"""The sandbox image: its Dockerfile, and the seccomp profile that its containers run under."""
