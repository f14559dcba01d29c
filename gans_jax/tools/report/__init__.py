"""Runs side by side on one HTML page that needs no network."""
