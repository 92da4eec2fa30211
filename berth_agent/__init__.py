"""The program in a cluster that reports facts and applies orders."""
