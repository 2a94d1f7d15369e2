"""A small service for the tests of what all services share: it keeps parcels."""
