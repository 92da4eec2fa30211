"""What those who run an installation ask of it."""
