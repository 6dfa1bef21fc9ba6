//go:build cgo

package yuv

/*
#cgo CFLAGS: -O3
#cgo noescape recolour
#cgo nocallback recolour
#include <stdint.h>

// All is in 16 bits, so that the compiler makes vector code of it: ten times as fast
// as plain Go. What is computed is said there.
typedef struct { int16_t y, yb, yr, bb, br, rb, rr, y0; } matrix;

static inline int16_t times(int16_t v, int16_t factor) { return (int16_t)(v * factor >> 16); }
static inline int16_t centred(uint8_t v) { return (int16_t)((v - 128) * 256); }
static inline uint8_t clip(int16_t v) { return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v); }

static inline uint8_t shifted(uint8_t v, int16_t factor, int16_t shift) {
	return clip((int16_t)(times((int16_t)(v << 7), factor) + shift) >> 6);
}

static void luma(uint8_t *restrict row, const uint8_t *restrict cb, const uint8_t *restrict cr, int w, matrix m) {
	for (int i = 0; i < w / 2; i++) {
		int16_t both = times(centred(cb[i]), m.yb) + times(centred(cr[i]), m.yr);
		int16_t shift = (both >> 1) + m.y0 + 33;
		row[2 * i] = shifted(row[2 * i], m.y, shift);
		row[2 * i + 1] = shifted(row[2 * i + 1], m.y, shift);
	}
	if (w % 2) {
		int16_t both = times(centred(cb[w / 2]), m.yb) + times(centred(cr[w / 2]), m.yr);
		row[w - 1] = shifted(row[w - 1], m.y, (both >> 1) + m.y0 + 33);
	}
}

static void chroma(uint8_t *restrict cb, uint8_t *restrict cr, int w, matrix m) {
	for (int i = 0; i < w; i++) {
		int16_t b = centred(cb[i]), r = centred(cr[i]);
		int16_t nb = times(b, m.bb) + times(r, m.br) + 65, nr = times(b, m.rb) + times(r, m.rr) + 65;
		cb[i] = clip((nb >> 7) + 128);
		cr[i] = clip((nr >> 7) + 128);
	}
}

static void recolour(uint8_t *y, int y_stride, uint8_t *cb, int cb_stride, uint8_t *cr, int cr_stride,
                     int w, int h, matrix m) {
	for (int row = 0; row < h; row++) {
		luma(y + (long)row * y_stride, cb, cr, w, m);
		if (row % 2 || row == h - 1) {
			chroma(cb, cr, (w + 1) / 2, m);
			cb += cb_stride;
			cr += cr_stride;
		}
	}
}
*/
import "C"

func recolour(p *[3]plane, m *matrix) {
	C.recolour(
		ptr(&p[0]), C.int(p[0].stride), ptr(&p[1]), C.int(p[1].stride), ptr(&p[2]), C.int(p[2].stride),
		C.int(p[0].w), C.int(p[0].h), C.matrix{
			y: C.int16_t(m.y), yb: C.int16_t(m.yb), yr: C.int16_t(m.yr),
			bb: C.int16_t(m.bb), br: C.int16_t(m.br), rb: C.int16_t(m.rb), rr: C.int16_t(m.rr),
			y0: C.int16_t(m.y0),
		})
}
