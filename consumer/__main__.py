"""`python -m consumer` is the command `marketsync`."""

from consumer.cli import app

app(prog_name="marketsync")
