"""Waking agents: within the process, or by a queue for each agent."""
