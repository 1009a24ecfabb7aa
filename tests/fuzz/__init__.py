"""Valid files of every kind, damaged at random: readers refuse them with a message, or read them.

`kinds` is the table of kinds, `oracle` says what a reader may do, `mutations` damages.
`make test` runs 2,000 cases, `make fuzz` as many as asked for.
"""
