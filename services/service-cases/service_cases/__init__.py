"""Service cases: faults that customers report about their machines, and the talk about them."""
