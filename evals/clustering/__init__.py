"""Fits the pair model of questions and measures groups that are made with it."""
