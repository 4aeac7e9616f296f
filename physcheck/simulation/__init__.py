"""Matched possible and impossible clips from a physics engine.

settings   a room, a camera and the quality of the picture, drawn by chance
cast       things and what they do; stories: what several do together
engine     moves them (pymunk); states: what is written down, eight times a frame
plans      how a law is broken: presence, outlines, forces, solids
takes      a history, filmed, with what is to be seen of each thing
pairs      a possible and an impossible take; negatives: clean ones that look odd
making     clips, truth files and labels; dataset: a whole set of them
"""
