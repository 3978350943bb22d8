#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from truth import *

need('xmllint')
d = path("xml")
if not os.path.isdir(d):
    os.makedirs(d)
    for i in range(16):
        open(f"{d}/x{i:02d}.xml", "w").write("<r>" + "".join(f'<e id="{k}"><n>{k * 7919 % 1000}</n></e>' for k in range(40000)) + "</r>")
c = f"cd {d}; ls *.xml | xargs %s -n1 xmllint --noout"
measure("xmllint_each", "processes", "compute", c % "", {"P2": ("processes", c % "-P2")}, info=dict(workers=2))
