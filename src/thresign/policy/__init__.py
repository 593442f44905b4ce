"""What callers may ask for: actions, read from requests, and the rules that permit them."""
