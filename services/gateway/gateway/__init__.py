"""Gateway: the portal's one door for browsers and apps; owns no data."""
