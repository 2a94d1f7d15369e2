"""Identity owns who may use the portal, on behalf of which organisation, and their erasure."""
