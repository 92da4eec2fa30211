"""Whether an image makes a pleasant workspace: its files without running it, and what the rules say of them."""
