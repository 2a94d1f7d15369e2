"""What is asked of screening and what it answers; one module for each subject."""
