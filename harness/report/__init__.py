"""The report of a run: one `run.json` in, one page and one summary out.

Reads and writes `run.json` (`run_record`), turns it into a page (`html`) and into a few lines
of Markdown (`summary`); both say what to type next (`advice`), and that a run has not ended
(`begun`).
Standard library only: a report can be made again from an old `run.json` on a bare Python.
"""
