#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from truth import *

need('gzip')
d = pieces(text("t12.txt", 12), "each", 24, "txt")
c = f"cd {d}; ls *.txt | xargs %s -n1 gzip -9 -c"
measure("gzip_each", "processes", "compute", c % "", {"P2": ("processes", c % "-P2")}, info=dict(workers=2))
