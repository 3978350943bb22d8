#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from truth import *

need('cwebp')
d = pieces(text("t12.txt", 12), "ppm", 12, "ppm", b"P6\n800 400\n255\n")
c = f"cd {d}; ls *.ppm | xargs %s -n1 cwebp -quiet -o /dev/null"
measure("cwebp_each", "processes", "compute", c % "", {"P2": ("processes", c % "-P2")}, info=dict(workers=2))
