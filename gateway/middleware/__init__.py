"""Layers around every request, each with one concern; app.py puts them in order."""
