"""One page for a reader: tables, charts and pictures of a result."""
