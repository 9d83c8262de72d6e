"""Crawls: sites that become documents and stay true to them."""
