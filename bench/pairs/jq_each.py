#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from truth import *

need('jq')
d = path("json")
if not os.path.isdir(d):
    os.makedirs(d)
    for i in range(12):
        json.dump([{"id": k, "name": "n%d" % (k * 7919 % 1000), "v": k / 7} for k in range(20000)], open(f"{d}/j{i:02d}.json", "w"))
c = f"cd {d}; ls *.json | xargs %s -n1 jq -c length"
measure("jq_each", "processes", "compute", c % "", {"P2": ("processes", c % "-P2")}, info=dict(workers=2))
