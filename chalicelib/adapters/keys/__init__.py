"""The master key: AWS KMS, or a local key file with the same port."""
