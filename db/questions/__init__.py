"""The standing questions of a quality engineer, one file per subject.

Each is a function of an open transaction and a frozen object of parameters; it gives a pandas table
whose columns and their types are the same when nothing is found. `catalogue` lists them all.
"""
