"""What must hold before, during and after a run, as plain functions from facts to findings.

One module a subject; the list of all checks is `catalogue.CHECKS`. Nothing here talks to anybody.
"""
