"""The store port on DynamoDB and on SQLite. One contract suite runs on both."""
