"""Switches the fixtures for real servers on, for every test of the repository."""

pytest_plugins = ["common.testing.plugin"]
