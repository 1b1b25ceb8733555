"""What is called out, to whom and how: pure rules, an outbox, channels."""
