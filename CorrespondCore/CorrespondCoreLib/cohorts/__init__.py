"""Many inputs by one command: on this computer or on a Dask cluster, with a summary of all."""
