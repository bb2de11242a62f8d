"""What people ask the running service for: states sent again (replay, resync, redrive), dead letters looked after.

Jobs write targeted records into the background topic and keep their progress in MongoDB; delivery does the rest.
Nothing here calls a channel.
"""
