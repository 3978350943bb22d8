#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from truth import *

need('flac')
d = pieces(text("t24.txt", 24), "wav", 16, "wav", wave(1.5))
# to standard output: with -o, flac gives the mode of its input to /dev/null
c = f"cd {d}; ls *.wav | xargs %s -n1 flac -8 -s -c"
measure("flac_each", "processes", "compute", c % "", {"P2": ("processes", c % "-P2")}, info=dict(workers=2))
