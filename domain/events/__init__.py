"""What happened: recorded where it is caused (`recording`), named and described for others (`registry`)."""
