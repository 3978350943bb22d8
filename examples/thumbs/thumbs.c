/*
 * thumbs - make a small picture of a large one
 *
 *	thumbs IN.jpg > OUT.jpg
 *
 * Decodes, averages over boxes, sharpens, and encodes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#define THUMB_WIDTH   320
#define THUMB_QUALITY 82

struct image {
	int width, height;
	unsigned char *rgb;
};

static const char *file_name;
static int verbose; /* set by -v */

static void die(const char *what)
{
	fprintf(stderr, "thumbs: %s: %s\n", file_name, what);
	exit(1);
}

static void *allocate(size_t size)
{
	void *p = malloc(size);

	if (!p)
		die("out of memory");
	return p;
}

static unsigned char *read_file(const char *path, unsigned long *size)
{
	unsigned char *data;
	FILE *file = fopen(path, "rb");
	long len = 0;

	if (!file)
		die(strerror(errno));
	if (fseek(file, 0, SEEK_END) || (len = ftell(file)) < 0 || fseek(file, 0, SEEK_SET))
		die("not a regular file");
	data = allocate(len + 1);
	if (fread(data, 1, len, file) != (size_t)len)
		die("cannot read");
	fclose(file);
	*size = len;
	return data;
}

/* libjpeg's own handler prints less and leaves more. */
static void on_error(j_common_ptr cinfo)
{
	char text[JMSG_LENGTH_MAX];

	cinfo->err->format_message(cinfo, text);
	die(text);
}

static void decode(const char *path, struct image *image)
{
	struct jpeg_decompress_struct cinfo;
	struct jpeg_error_mgr errors;
	unsigned long size;
	unsigned char *data = read_file(path, &size);

	cinfo.err = jpeg_std_error(&errors);
	errors.error_exit = on_error;
	jpeg_create_decompress(&cinfo);
	jpeg_mem_src(&cinfo, data, size);
	jpeg_read_header(&cinfo, TRUE);
	cinfo.out_color_space = JCS_RGB;
	jpeg_start_decompress(&cinfo);
	image->width = cinfo.output_width;
	image->height = cinfo.output_height;
	image->rgb = allocate((size_t)image->width * image->height * 3);
	while (cinfo.output_scanline < cinfo.output_height) {
		JSAMPROW row = image->rgb + (size_t)cinfo.output_scanline * image->width * 3;

		jpeg_read_scanlines(&cinfo, &row, 1);
	}
	jpeg_finish_decompress(&cinfo);
	jpeg_destroy_decompress(&cinfo);
	free(data);
}

/* Each pixel of the small picture is the mean of the box it stands for. */
static void shrink(const struct image *from, struct image *to)
{
	to->width = from->width < THUMB_WIDTH ? from->width : THUMB_WIDTH;
	to->height = (long)from->height * to->width / from->width;
	if (to->height < 1)
		to->height = 1;
	to->rgb = allocate((size_t)to->width * to->height * 3);
	for (int y = 0; y < to->height; y++) {
		int y0 = (long)y * from->height / to->height;
		int y1 = (long)(y + 1) * from->height / to->height;

		for (int x = 0; x < to->width; x++) {
			int x0 = (long)x * from->width / to->width;
			int x1 = (long)(x + 1) * from->width / to->width;
			long sum[3] = { 0 };

			for (int v = y0; v < y1; v++) {
				const unsigned char *p =
					from->rgb + ((size_t)v * from->width + x0) * 3;

				for (int u = x0; u < x1; u++, p += 3) {
					sum[0] += p[0];
					sum[1] += p[1];
					sum[2] += p[2];
				}
			}
			for (int c = 0; c < 3; c++)
				to->rgb[((size_t)y * to->width + x) * 3 + c] =
					sum[c] / ((long)(y1 - y0) * (x1 - x0));
		}
	}
}

static void sharpen(struct image *image)
{
	size_t stride = (size_t)image->width * 3;
	unsigned char *copy = allocate(stride * image->height);

	memcpy(copy, image->rgb, stride * image->height);
	for (int y = 1; y + 1 < image->height; y++) {
		for (size_t i = 3; i + 3 < stride; i++) {
			const unsigned char *p = copy + y * stride + i;
			int value = (8 * p[0] - p[-3] - p[3] - p[-(long)stride] - p[stride]) / 4;

			image->rgb[y * stride + i] = value < 0 ? 0 : value > 255 ? 255 : value;
		}
	}
	free(copy);
}

static void encode(const struct image *image, FILE *out)
{
	struct jpeg_compress_struct cinfo;
	struct jpeg_error_mgr errors;
	unsigned char *data = NULL;
	unsigned long size = 0;

	cinfo.err = jpeg_std_error(&errors);
	errors.error_exit = on_error;
	jpeg_create_compress(&cinfo);
	jpeg_mem_dest(&cinfo, &data, &size);
	cinfo.image_width = image->width;
	cinfo.image_height = image->height;
	cinfo.input_components = 3;
	cinfo.in_color_space = JCS_RGB;
	jpeg_set_defaults(&cinfo);
	jpeg_set_quality(&cinfo, THUMB_QUALITY, TRUE);
	jpeg_start_compress(&cinfo, TRUE);
	while (cinfo.next_scanline < cinfo.image_height) {
		JSAMPROW row = image->rgb + (size_t)cinfo.next_scanline * image->width * 3;

		jpeg_write_scanlines(&cinfo, &row, 1);
	}
	jpeg_finish_compress(&cinfo);
	jpeg_destroy_compress(&cinfo);
	if (fwrite(data, 1, size, out) != size || fflush(out))
		die("cannot write");
	free(data);
}

int main(int argc, char **argv)
{
	struct image image, thumb;

	if (argc > 1 && strcmp(argv[1], "-v") == 0) {
		verbose = 1;
		argc--;
		argv++;
	}
	if (argc != 2) {
		fprintf(stderr, "usage: thumbs [-v] IN.jpg > OUT.jpg\n");
		return 2;
	}
	file_name = argv[1];
	decode(file_name, &image);
	shrink(&image, &thumb);
	sharpen(&thumb);
	encode(&thumb, stdout);
	if (verbose)
		fprintf(stderr, "%s: %dx%d to %dx%d\n", file_name, image.width, image.height,
			thumb.width, thumb.height);
	free(image.rgb);
	free(thumb.rgb);
	return 0;
}
