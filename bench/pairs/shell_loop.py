#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from truth import *

need("xz")
d = pieces(text("t12.txt", 12), "each", 24, "txt")
measure("shell_loop", "processes", "compute", f"cd {d}; for f in *.txt; do xz -1 -c $f; done", {"P2": ("processes", f"cd {d}; ls *.txt | xargs -P2 -n1 xz -1 -c")}, info=dict(workers=2))
