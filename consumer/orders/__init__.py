"""Orders: from the channels into our store and onto a topic, each once; and what was sold kept back everywhere."""
