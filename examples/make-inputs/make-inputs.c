/*
 * make-inputs - make what the example programs work on
 *
 *	make-inputs DIR URL
 *
 * Writes pictures to DIR/images and the task lists DIR/fetch.txt, DIR/thumbs.txt and
 * DIR/digest.txt, one task a line. URL is where the service listens. The same arguments give the
 * same bytes.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <jpeglib.h>

#define PAGES  16
#define IMAGES 24
#define SETS   16

static void die(const char *what)
{
	fprintf(stderr, "make-inputs: %s: %s\n", what, strerror(errno));
	exit(1);
}

static FILE *create(const char *path)
{
	FILE *file = fopen(path, "w");

	if (!file)
		die(path);
	return file;
}

static void finish(FILE *file, const char *path)
{
	if (ferror(file) || fclose(file))
		die(path);
}

/* Soft waves with a little grain: they compress about as well as a photograph. */
static void paint_row(unsigned char *row, int width, int y, unsigned seed)
{
	uint32_t grain = seed * 2654435761u + y * 40503u;
	int a = 37 + seed % 23, b = 53 + seed % 31;

	for (int x = 0; x < width; x++) {
		int wave = (x * x / a + y * y / b + x * y / (a + b)) >> 6;

		grain = grain * 1664525u + 1013904223u;
		for (int c = 0; c < 3; c++) {
			int phase = (wave + c * 85 + y / 3) & 511;
			int value = phase < 256 ? phase : 511 - phase;

			*row++ = (value * 7 + (grain >> (24 + c) & 31)) / 8;
		}
	}
}

static void write_image(const char *path, unsigned seed)
{
	struct jpeg_compress_struct cinfo;
	struct jpeg_error_mgr errors;
	int width = 3200 + seed * 37 % 160, height = 2400 + seed * 53 % 120;
	unsigned char *row = malloc(width * 3);
	FILE *file = create(path);

	if (!row)
		die("malloc");
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
	while (cinfo.next_scanline < cinfo.image_height) {
		JSAMPROW rows = row;

		paint_row(row, width, cinfo.next_scanline, seed);
		jpeg_write_scanlines(&cinfo, &rows, 1);
	}
	jpeg_finish_compress(&cinfo);
	jpeg_destroy_compress(&cinfo);
	free(row);
	finish(file, path);
}

/* DIR/NAME.txt with `count` lines PREFIX01SUFFIX, PREFIX02SUFFIX, ... */
static void write_list(const char *dir, const char *name, int count, const char *prefix,
		       const char *suffix)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.txt", dir, name);
	file = create(path);
	for (int i = 1; i <= count; i++)
		fprintf(file, "%s%02d%s\n", prefix, i, suffix);
	finish(file, path);
}

int main(int argc, char **argv)
{
	char text[4096];
	const char *dir, *url;

	if (argc != 3) {
		fprintf(stderr, "usage: make-inputs DIR URL\n");
		return 2;
	}
	dir = argv[1];
	url = argv[2];
	snprintf(text, sizeof(text), "%s/images", dir);
	if ((mkdir(dir, 0777) && errno != EEXIST) || (mkdir(text, 0777) && errno != EEXIST))
		die(text);
	for (unsigned i = 1; i <= IMAGES; i++) {
		snprintf(text, sizeof(text), "%s/images/photo%02u.jpg", dir, i);
		write_image(text, i);
	}
	snprintf(text, sizeof(text), "%s/images/photo", dir);
	write_list(dir, "thumbs", IMAGES, text, ".jpg");
	snprintf(text, sizeof(text), "%s/page/letter-", url);
	write_list(dir, "fetch", PAGES, text, "");
	snprintf(text, sizeof(text), "%s/records/log-", url);
	write_list(dir, "digest", SETS, text, "");
	return 0;
}
