"""Correspond beside the registration programs that pip can install, on the same pairs in the same run."""
