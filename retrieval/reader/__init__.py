"""Reads a question and passages together: does a passage answer it, and with which of its words?"""
