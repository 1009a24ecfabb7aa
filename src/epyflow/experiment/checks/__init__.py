"""Check what the models of the format cannot see: names, files and dates together."""
