"""Matched possible and impossible clips from a physics engine."""
