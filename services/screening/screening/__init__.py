"""Screening: compares people with the public sanctions lists before release and ever after."""
