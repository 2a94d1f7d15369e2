"""The whole estate on one machine: in one process, or every service as its own processes."""
