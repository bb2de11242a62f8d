"""The HTTP API: a face like the command line. It calls what bootstrap joins, and decides who may."""
