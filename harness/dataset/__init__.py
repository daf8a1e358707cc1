"""Chat data at full size: every row validated, in memory that does not grow, never half written.

rules       what a row must be, and what Azure's component does with one that is not
lines       a file line by line
style       the fast path: a good row, written again in the file's own style, is the line itself
explain     the careful path: everything that is wrong with one line
whole       a file that is no JSON Lines at all, said once
judge       one file: rows kept, problems with line, field and rule
repeated    rows that stand twice
reservoir   a seeded sample in one pass; the recipe's first percent
keep        all of a file or nothing of it
place       where files go: data.json as the record, nobody's own file is written over
look        what may not be looked at is not what is not there
sources     a folder of JSON Lines or parquet, or the hub through `datasets`
prepare     a whole data set, split by split
told        the result in words and in a picture
"""
