"""The data every installation starts with, and its loader."""
