"""Check what the models of the format do not: names, files and dates across sections."""
