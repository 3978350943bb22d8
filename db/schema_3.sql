-- Version 3: what a long history is asked for lies in indexes, and shards of an analysis.

-- The rows of run are wide: counting a workload's runs, or looking for a program's, read a page for each.
DROP INDEX run_workload;
CREATE INDEX run_workload ON run (workload_no, machine_no, started_ns, id, race_tasks, profile_tasks);
CREATE INDEX run_program ON run (program, workload_no);

-- A run that is one shard of an analysis (db/shards.h).
CREATE TABLE shard (
	run_no INTEGER PRIMARY KEY REFERENCES run ON DELETE CASCADE,
	campaign TEXT NOT NULL, -- equal for the shards of one analysis
	number INTEGER NOT NULL, -- from 1
	shards INTEGER NOT NULL,
	root TEXT NOT NULL -- of the project
) STRICT;

-- What each unit of it said, in bytes that only the analyzer reads.
CREATE TABLE shard_unit (
	unit_no INTEGER PRIMARY KEY,
	run_no INTEGER NOT NULL REFERENCES shard ON DELETE CASCADE,
	place INTEGER NOT NULL, -- among all units
	record BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX shard_unit_place ON shard_unit (run_no, place);
