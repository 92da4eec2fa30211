"""Berth's tests: a folder per room, one truth per test."""
