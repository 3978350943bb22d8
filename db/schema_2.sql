-- Version 2: figures per task, so that runs of one workload can be put in a row without reading their
-- documents.

ALTER TABLE run ADD COLUMN race_tasks INTEGER; -- per trial; NULL: not raced
ALTER TABLE run ADD COLUMN profile_tasks INTEGER; -- NULL: not profiled
ALTER TABLE race ADD COLUMN wall_low REAL; -- 95 % interval of wall_ns; NULL: not known
ALTER TABLE race ADD COLUMN wall_high REAL;
UPDATE run SET
	race_tasks = json_extract(document, '$.race_conditions.tasks'),
	profile_tasks = json_extract(document, '$.profile.tasks')
WHERE json_valid(document);
CREATE INDEX run_workload ON run (workload_no, started_ns);
CREATE INDEX workload_id ON workload (id);
