"""Diagnostics for readers: one module for each format."""
