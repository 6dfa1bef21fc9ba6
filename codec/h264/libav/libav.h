#ifndef LIBAV_H
#define LIBAV_H

#include <stddef.h>
#include <stdint.h>

struct libav;

// What comes of libav_decode. Others are errors.
enum { LIBAV_NONE = 0, LIBAV_PICTURE = 1 };

// A picture, in the decoder's memory.
struct libav_picture {
	const uint8_t *plane[3];
	int stride[3]; // bytes
	int width, height;
	int colours;         // 1 where it has chroma
	int across, down;    // 1 where it has half as many samples of chroma in a row, and as many rows
	int bits;            // of a sample: 8, or 9 to 16 in two bytes, the lower first
};

// libav_open loads the library and returns 0, or 1 and a text that says why not.
int libav_open(char *why, size_t size);

// libav_version returns libavcodec's version, or 0 before libav_open.
unsigned libav_version(void);

// libav_new returns a decoder for pictures of so many pixels at most, or NULL.
struct libav *libav_new(int64_t pixels);

// libav_decode decodes an access unit. The picture is valid until the next call.
int libav_decode(struct libav *d, const uint8_t *unit, int size, struct libav_picture *p);

// libav_flush forgets all pictures.
void libav_flush(struct libav *d);

void libav_free(struct libav *d);

#endif
