#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from truth import *

need('true')
d = pieces(text("t12.txt", 12), "each40", 40, "txt")
c = f"cd {d}; ls *.txt | xargs %s -n1 cksum"
measure("true_each", "processes", "leave", c % "", {"P2": ("processes", c % "-P2")}, info=dict(workers=2))
