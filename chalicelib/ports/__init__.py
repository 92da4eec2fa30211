"""What the use cases need of the world, as Protocols. Technology lives in ``adapters``."""
