"""Stands in for PythonSlicer: starts the real interpreter as its own child and waits; killing it leaves that child running; its
exit code is 1 whatever went wrong, and it prints something of its own without a line end."""

import subprocess
import sys

sys.stdout.write("launcher here ")
sys.stdout.flush()
sys.exit(1 if subprocess.run([sys.executable, *sys.argv[1:]]).returncode else 0)
