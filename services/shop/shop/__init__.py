"""The shop owns the catalogue and the orders, each with the contact it was placed with."""
