"""How fast it is, as ratios of two sides that are measured in turn: `./run bench [P1 P9 …]`.

What it takes in milliseconds depends on the machine and on what else runs there; how much longer it
takes than the least that anybody could do does not. Each benchmark says what its two sides are.
"""
