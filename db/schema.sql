-- Version 1: the tables. They are private; db/views.sql is the public face (docs/schema.md).
--
-- A run is one row of `run` plus what it shares with other runs. `document` is the run's JSON
-- without the machine, the workload and the findings; those are stored once for each distinct
-- content, found by its hash, and put back in place when the run is read. The other columns, and
-- race and wait, repeat figures of the document so that SQL can ask for them.

CREATE TABLE machine (
	machine_no INTEGER PRIMARY KEY,
	hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 16),
	id TEXT,
	hostname TEXT,
	cpu TEXT,
	cores INTEGER,
	document TEXT NOT NULL
) STRICT;

CREATE TABLE workload (
	workload_no INTEGER PRIMARY KEY,
	hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 16),
	id TEXT,
	document TEXT NOT NULL
) STRICT;

CREATE TABLE run (
	run_no INTEGER PRIMARY KEY,
	id BLOB NOT NULL UNIQUE CHECK (length(id) = 16), -- UUIDv7
	started_ns INTEGER NOT NULL,
	took_ns INTEGER NOT NULL,
	command TEXT,
	tool_version TEXT,
	machine_no INTEGER NOT NULL REFERENCES machine,
	workload_no INTEGER NOT NULL REFERENCES workload,
	program TEXT,
	program_digest TEXT,
	git_commit TEXT,
	git_branch TEXT,
	git_dirty INTEGER, -- NULL: not known
	verdict TEXT NOT NULL,
	model TEXT, -- NULL: cannot tell, or not asked for
	workers INTEGER,
	speedup REAL,
	low REAL,
	high REAL,
	n INTEGER,
	table_row TEXT,
	tier TEXT, -- NULL, as the shares below: not profiled
	cpu_share REAL,
	overlappable_share REAL,
	unknown_share REAL,
	document TEXT NOT NULL
) STRICT;
CREATE INDEX run_started ON run (started_ns, id);
CREATE INDEX run_git_commit ON run (git_commit) WHERE git_commit IS NOT NULL;

CREATE TABLE race (
	run_no INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
	position INTEGER NOT NULL,
	model TEXT NOT NULL,
	workers INTEGER NOT NULL,
	outcome TEXT NOT NULL,
	why TEXT,
	isolation TEXT,
	speedup REAL, -- NULL, as all figures below, unless the outcome is ok
	low REAL,
	high REAL,
	n INTEGER,
	wall_ns REAL, -- median of the clean rounds
	cpu_ns_per_task REAL,
	pss_bytes INTEGER,
	p50_ns INTEGER,
	p99_ns INTEGER,
	PRIMARY KEY (run_no, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE wait (
	run_no INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
	position INTEGER NOT NULL,
	kind TEXT NOT NULL, -- a wait kind, or cpu, run-queue, unknown
	ns INTEGER NOT NULL,
	share REAL NOT NULL, -- of the wall time
	PRIMARY KEY (run_no, position)
) STRICT, WITHOUT ROWID;

-- The findings of one source file, as they were at one time. Runs over unchanged sources share it:
-- a run costs a row for each file, not for each finding.
CREATE TABLE source (
	source_no INTEGER PRIMARY KEY,
	hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 16),
	file TEXT
) STRICT;

CREATE TABLE finding (
	finding_no INTEGER PRIMARY KEY, -- ascending in the order of the run's findings
	source_no INTEGER NOT NULL REFERENCES source ON DELETE CASCADE,
	identity BLOB NOT NULL CHECK (length(identity) = 16), -- survives a change of line
	line INTEGER,
	check_id TEXT,
	function TEXT,
	symbol TEXT,
	effect TEXT,
	detail TEXT,
	advice TEXT,
	rest TEXT NOT NULL -- JSON: the other keys
) STRICT;
CREATE INDEX finding_source ON finding (source_no);

CREATE TABLE run_source (
	run_no INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
	position INTEGER NOT NULL,
	source_no INTEGER NOT NULL REFERENCES source,
	PRIMARY KEY (run_no, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_source_source ON run_source (source_no);

CREATE TABLE tag (
	name TEXT PRIMARY KEY,
	run_no INTEGER NOT NULL REFERENCES run ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX tag_run ON tag (run_no);
