"""Uploads: drawings and images of an organisation, seen by its people and by nobody else."""
