"""Data protection, from facts declared beside the columns."""
