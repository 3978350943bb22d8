/*
 * job.h - one task of the benchmark's work, called by a program's main() and by hand-written pools
 */
#ifndef BENCH_JOB_H
#define BENCH_JOB_H

/* Run one task of the named job ("bz2", "zlib", "jpeg", "net", "nothing") on a file, or a port for
 * net; a checksum of what came out, -1: it failed. */
long job_run(const char *job, const char *input);

#endif
