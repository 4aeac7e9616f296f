"""Rooms, things and a camera, drawn: for samples and simulated clips."""
