"""Many creations at once, on DynamoDB Local, with a process each for server, people and agent."""
