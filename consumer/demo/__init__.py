"""The demo: the real service as real processes against real servers, with a local stand-in of eBay.

It ends by comparing the PIM with what the stand-in shows, product by product. Nothing it prints is prepared.
"""
