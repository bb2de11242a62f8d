"""Where objects are joined: settings and servers in, running capture and delivery out. Nothing else builds them."""
