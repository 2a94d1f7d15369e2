"""Requests and answers, by what they are about; no query, no rule."""
