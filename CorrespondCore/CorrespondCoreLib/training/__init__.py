"""What every training of a network needs: checkpoints on disk, tables and curves, several processes."""
