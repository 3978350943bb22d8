#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from truth import *

need('oggenc')
d = pieces(text("t24.txt", 24), "wav", 16, "wav", wave(1.5))
c = f"cd {d}; ls *.wav | xargs %s -n1 oggenc -Q -o /dev/null"
measure("oggenc_each", "processes", "compute", c % "", {"P2": ("processes", c % "-P2")}, info=dict(workers=2))
