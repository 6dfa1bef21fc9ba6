// A VP8 decoder in C's memory, so that no Go pointer stays in it.

#include <stdlib.h>
#include <vpx/vp8dx.h>
#include <vpx/vpx_decoder.h>

typedef struct {
	vpx_codec_ctx_t ctx;
	const vpx_image_t *image; // the last picture; NULL where none came
} vp8_decoder;

// vp8_decoder_new returns NULL where there is no memory.
vp8_decoder *vp8_decoder_new(void);

// vp8_decoder_decode returns 0, or what went wrong.
int vp8_decoder_decode(vp8_decoder *d, const uint8_t *data, unsigned size);

void vp8_decoder_free(vp8_decoder *d);
