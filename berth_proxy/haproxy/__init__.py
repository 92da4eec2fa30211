"""The data plane: its configuration and its Runtime API."""
