/*
 * inputs - what the jobs work on: inputs DIR SERVICE [PERCENT]
 *
 * Writes DIR/JOB.txt, a list of tasks for each job, and the files they name. SERVICE is what the
 * service printed. PERCENT of the tasks, default 100. The same arguments give the same bytes.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <jpeglib.h>

static const char *dir, *service;

static FILE *create(const char *path)
{
	FILE *file = fopen(path, "w");

	if (file)
		return file;
	perror(path);
	exit(1);
}

static void finish(FILE *file, const char *path)
{
	if (!ferror(file) && !fclose(file))
		return;
	perror(path);
	exit(1);
}

static unsigned next(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 33;
}

/* Words of which some are much more frequent than others. */
static void write_text(FILE *file, size_t bytes, uint64_t seed)
{
	char word[16];

	while (bytes > sizeof(word)) {
		uint64_t rank = 40000 / (1 + next(&seed) % 4000) * 2654435761u;
		int len = 0;

		do
			word[len++] = (char)('a' + next(&rank) % 26);
		while (len < 9 && next(&rank) % 5);
		word[len++] = next(&seed) % 11 ? ' ' : '\n';
		fwrite(word, 1, (size_t)len, file);
		bytes -= (size_t)len;
	}
	for (; bytes > 1; bytes--)
		fputc('.', file);
	fputc('\n', file);
}

static void write_file(const char *path, int i, size_t bytes)
{
	FILE *file = create(path);

	write_text(file, bytes, (uint64_t)i);
	finish(file, path);
}

/* For parse: where to ask, then what to read. */
static void write_letter(const char *path, int i, size_t bytes)
{
	FILE *file = create(path);

	fprintf(file, "%s\n", service);
	write_text(file, bytes, (uint64_t)i);
	finish(file, path);
}

/* Soft waves with a little grain, `bytes` pixels. */
static void write_picture(const char *path, int seed, size_t pixels)
{
	struct jpeg_compress_struct cinfo;
	struct jpeg_error_mgr errors;
	unsigned width = 1600, height = (unsigned)(pixels / width);
	unsigned char row[1600 * 3];
	JSAMPROW rows = row;
	FILE *file = create(path);
	uint64_t grain = (uint64_t)seed;

	cinfo.err = jpeg_std_error(&errors);
	jpeg_create_compress(&cinfo);
	jpeg_stdio_dest(&cinfo, file);
	cinfo.image_width = width;
	cinfo.image_height = height;
	cinfo.input_components = 3;
	cinfo.in_color_space = JCS_RGB;
	jpeg_set_defaults(&cinfo);
	jpeg_set_quality(&cinfo, 85, TRUE);
	jpeg_start_compress(&cinfo, TRUE);
	for (unsigned y = 0; y < height; y++) {
		for (unsigned i = 0; i < width * 3; i++) {
			unsigned wave = (i * i / 97 + y * y / 61 + i * y / 150) >> 6 & 511;

			row[i] = (unsigned char)((wave < 256 ? wave : 511 - wave) * 7 / 8 +
						 next(&grain) % 32);
		}
		jpeg_write_scanlines(&cinfo, &rows, 1);
	}
	jpeg_finish_compress(&cinfo);
	jpeg_destroy_compress(&cinfo);
	finish(file, path);
}

/* For lock. */
static void write_ledger(void)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/ledger", dir);
	file = create(path);
	for (int i = 0; i < 64000; i++)
		fprintf(file, "%63d\n", 0);
	finish(file, path);
}

/* A job: how many tasks, what each line says (%1$s dir, %2$s service, %3$d the number), and what
 * writes the file of that name. */
static const struct job {
	const char *name;
	int tasks;
	const char *line;
	void (*write)(const char *path, int i, size_t size);
	size_t size;
} jobs[] = {
	{ "fetch", 48, "%2$s/page-%3$d", NULL, 0 },
	{ "dns", 64, "%2$s/host-%3$d", NULL, 0 },
	{ "api", 32, "%2$s/set-%3$d", NULL, 0 },
	{ "parse", 40, "%1$s/parse/%3$02d.txt", write_letter, 600000 },
	{ "images", 40, "%1$s/images/%3$02d.jpg", write_picture, 3200000 },
	{ "compress", 40, "%1$s/compress/%3$02d.txt", write_file, 500000 },
	{ "checksum", 300, "%1$s/checksum/%3$03d.txt", write_file, 1000000 },
	{ "log", 24, "%1$s/log/%3$02d.log", write_file, 0 },
	{ "lock", 100, "%1$s/ledger:%3$d", NULL, 0 },
	{ "memory", 24, "%3$d", NULL, 0 },
	{ "tiny", 4000, "%3$d00000", NULL, 0 },
};

static void write_job(const struct job *job, int percent)
{
	char path[4096], line[4096];
	FILE *list;

	snprintf(path, sizeof(path), "%s/%s", dir, job->name);
	if (job->write && mkdir(path, 0777) && errno != EEXIST) {
		perror(path);
		exit(1);
	}
	snprintf(path, sizeof(path), "%s/%s.txt", dir, job->name);
	list = create(path);
	for (int i = 0; i < (job->tasks * percent + 99) / 100; i++) {
		snprintf(line, sizeof(line), job->line, dir, service, i);
		fprintf(list, "%s\n", line);
		if (job->write)
			job->write(line, i, job->size);
	}
	finish(list, path);
}

int main(int argc, char **argv)
{
	if (argc < 3 || argc > 4) {
		fprintf(stderr, "usage: inputs DIR SERVICE [PERCENT]\n");
		return 2;
	}
	dir = argv[1];
	service = argv[2];
	if (mkdir(dir, 0777) && errno != EEXIST) {
		perror(dir);
		return 1;
	}
	write_ledger();
	for (size_t i = 0; i < sizeof(jobs) / sizeof(*jobs); i++)
		write_job(&jobs[i], argc > 3 ? atoi(argv[3]) : 100);
	return 0;
}
