"""What is counted of questions and conversations, by the day, and the reports of it."""
