"""What an installation costs in a month, from what its clients were counted to use on the emulated AWS."""
