"""What tests stand on: real servers, databases of their own, and the estate in one process."""
