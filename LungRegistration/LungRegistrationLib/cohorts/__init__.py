"""Many pairs by one command: what a cohort of lung registrations consists of."""
