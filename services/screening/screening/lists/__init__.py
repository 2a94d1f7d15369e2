"""The publishers' sanctions lists, read into one shape whatever format they come in."""
