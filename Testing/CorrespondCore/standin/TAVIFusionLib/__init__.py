"""Stands in for a module's library in tests of jobs: its commands work, fail, crash, hang."""
