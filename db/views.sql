-- The public views, made anew after every migration. docs/schema.md is their contract: columns are
-- added at the end, never renamed or removed. Only functions that SQLite counts as innocuous are used
-- (in SQLite 3.40 those of JSON are not), so that the views work where trusted_schema is off.

DROP VIEW IF EXISTS v_run;
DROP VIEW IF EXISTS v_race;
DROP VIEW IF EXISTS v_wait;
DROP VIEW IF EXISTS v_finding;

CREATE VIEW v_run AS
SELECT
	lower(substr(hex(r.id), 1, 8) || '-' || substr(hex(r.id), 9, 4) || '-' ||
	      substr(hex(r.id), 13, 4) || '-' || substr(hex(r.id), 17, 4) || '-' ||
	      substr(hex(r.id), 21)) AS id,
	datetime(r.started_ns / 1000000000, 'unixepoch', 'localtime') AS started,
	replace(r.program, rtrim(r.program, replace(r.program, '/', '')), '') AS program,
	r.command,
	r.verdict,
	r.model,
	r.workers,
	round(r.speedup, 3) AS speedup,
	round(r.low, 3) AS low,
	round(r.high, 3) AS high,
	r.n,
	r.table_row AS "row",
	r.tier,
	round(r.cpu_share, 4) AS cpu_share,
	round(r.overlappable_share, 4) AS overlappable_share,
	round(r.unknown_share, 4) AS unknown_share,
	round(r.took_ns / 1e9, 3) AS took_s,
	r.git_commit,
	r.git_branch,
	r.git_dirty,
	(SELECT group_concat(t.name, ' ') FROM tag AS t WHERE t.run_no = r.run_no) AS tags,
	r.program AS program_path,
	r.program_digest,
	w.id AS workload,
	m.id AS machine,
	m.hostname AS hostname,
	m.cpu AS cpu,
	m.cores AS cores,
	r.tool_version,
	r.started_ns,
	strftime('%Y-%m-%dT%H:%M:%SZ', r.started_ns / 1000000000, 'unixepoch') AS started_utc,
	r.started_ns / 1000000000 AS started_s,
	(SELECT h.number || '/' || h.shards FROM shard AS h WHERE h.run_no = r.run_no) AS shard
FROM run AS r
JOIN machine AS m USING (machine_no)
JOIN workload AS w USING (workload_no)
ORDER BY r.started_ns DESC, r.id DESC;

CREATE VIEW v_race AS
SELECT
	lower(substr(hex(r.id), 1, 8) || '-' || substr(hex(r.id), 9, 4) || '-' ||
	      substr(hex(r.id), 13, 4) || '-' || substr(hex(r.id), 17, 4) || '-' ||
	      substr(hex(r.id), 21)) AS run,
	datetime(r.started_ns / 1000000000, 'unixepoch', 'localtime') AS started,
	e.model,
	e.workers,
	e.outcome,
	round(e.speedup, 3) AS speedup,
	round(e.low, 3) AS low,
	round(e.high, 3) AS high,
	e.n,
	round(e.wall_ns / 1e9, 6) AS wall_s,
	round(e.cpu_ns_per_task / 1e9, 9) AS cpu_s_per_task,
	e.pss_bytes,
	round(e.p50_ns / 1e9, 9) AS p50_s,
	round(e.p99_ns / 1e9, 9) AS p99_s,
	e.isolation,
	e.why,
	r.started_ns,
	strftime('%Y-%m-%dT%H:%M:%SZ', r.started_ns / 1000000000, 'unixepoch') AS started_utc,
	r.started_ns / 1000000000 AS started_s,
	replace(r.program, rtrim(r.program, replace(r.program, '/', '')), '') AS program,
	d.id AS workload,
	m.id AS machine,
	r.race_tasks AS tasks,
	e.wall_ns / nullif(r.race_tasks, 0) / 1e9 AS s_per_task,
	e.wall_low / nullif(r.race_tasks, 0) / 1e9 AS s_per_task_low,
	e.wall_high / nullif(r.race_tasks, 0) / 1e9 AS s_per_task_high
FROM race AS e
JOIN run AS r USING (run_no)
JOIN machine AS m USING (machine_no)
JOIN workload AS d USING (workload_no);

CREATE VIEW v_wait AS
SELECT
	lower(substr(hex(r.id), 1, 8) || '-' || substr(hex(r.id), 9, 4) || '-' ||
	      substr(hex(r.id), 13, 4) || '-' || substr(hex(r.id), 17, 4) || '-' ||
	      substr(hex(r.id), 21)) AS run,
	datetime(r.started_ns / 1000000000, 'unixepoch', 'localtime') AS started,
	w.kind,
	round(w.share, 4) AS share,
	round(w.ns / 1e9, 6) AS seconds,
	r.started_ns,
	strftime('%Y-%m-%dT%H:%M:%SZ', r.started_ns / 1000000000, 'unixepoch') AS started_utc,
	r.started_ns / 1000000000 AS started_s,
	replace(r.program, rtrim(r.program, replace(r.program, '/', '')), '') AS program,
	d.id AS workload,
	m.id AS machine,
	r.profile_tasks AS tasks,
	w.ns / 1e9 / nullif(r.profile_tasks, 0) AS s_per_task
FROM wait AS w
JOIN run AS r USING (run_no)
JOIN machine AS m USING (machine_no)
JOIN workload AS d USING (workload_no);

CREATE VIEW v_finding AS
SELECT
	lower(substr(hex(r.id), 1, 8) || '-' || substr(hex(r.id), 9, 4) || '-' ||
	      substr(hex(r.id), 13, 4) || '-' || substr(hex(r.id), 17, 4) || '-' ||
	      substr(hex(r.id), 21)) AS run,
	s.file,
	f.line,
	f.check_id AS "check",
	f.function,
	f.symbol,
	f.effect,
	f.detail,
	f.advice,
	lower(hex(f.identity)) AS identity,
	r.started_ns,
	strftime('%Y-%m-%dT%H:%M:%SZ', r.started_ns / 1000000000, 'unixepoch') AS started_utc,
	r.started_ns / 1000000000 AS started_s
FROM run AS r
JOIN run_source AS rs USING (run_no)
JOIN source AS s USING (source_no)
JOIN finding AS f USING (source_no);
