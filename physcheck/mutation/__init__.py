"""Mutation testing for video physics: one known violation is put into footage that obeys."""
