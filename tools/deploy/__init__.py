"""Builds the images, and checks every file that a deployment consists of."""
