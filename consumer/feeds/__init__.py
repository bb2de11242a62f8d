"""Channels that read a file: its items are kept here, the file is built from them, published and served."""
