"""`make bench`: Correspond and the registration programs that pip can install, on the same pairs, as one table."""
