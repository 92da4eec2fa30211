"""The program that lets the right people in: HAProxy, and the controller that steers it."""
