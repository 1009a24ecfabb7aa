"""Read experiments from YAML and validate them.

``format`` defines a valid experiment, ``reading`` reads the files, ``checks`` compares sections
with one another and with data; ``load`` combines them. This file imports nothing, so a stage
that needs the format does not depend on the reading and the checks.
"""
