"""Training: sessions with a limited number of seats, who booked them and for whom."""
