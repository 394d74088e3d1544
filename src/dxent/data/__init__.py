"""Rows: where the samples come from, and in which pieces they are visited."""
