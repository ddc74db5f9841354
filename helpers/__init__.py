"""One module per theme of the evidence, and what they share. Nothing is imported until it is asked for."""
