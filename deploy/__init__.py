"""How the estate is run."""
