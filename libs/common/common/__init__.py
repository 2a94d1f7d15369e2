"""What all services of the portal share; it knows no service but by the catalogue of events."""
