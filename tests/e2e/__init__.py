"""The product as its users meet it: processes, terminals, browsers."""
