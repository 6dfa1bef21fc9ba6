#include "scale.h"

#include <stddef.h>
#include <string.h>

// The four steps of scaling. Each makes one row; what it computes is said in scale_go.go.
// Loops without vector instructions are written so that the compiler makes such of them.
typedef struct {
	void (*halve_rows)(uint8_t *out, const uint8_t *const r[8], int w);
	void (*halve_row)(uint8_t *out, const uint8_t *line, int n);
	void (*filter_rows)(uint8_t *out, const uint8_t *const *r, const int8_t *weights, int taps, int w);
	void (*filter_row)(uint8_t *out, const uint8_t *line, const int32_t *base, const uint8_t *mask,
	                   const int8_t *lanes, int fours, int n);
} steps;

static inline uint8_t clip(int v) { return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v); }
static inline uint8_t mean(uint8_t a, uint8_t b) { return (uint8_t)((a + b + 1) >> 1); }

static void halve_rows(uint8_t *restrict out, const uint8_t *const r[8], int w) {
	for (int x = 0; x < w; x++) {
		uint8_t a = mean(r[2][x], r[3][x]), b = mean(r[1][x], r[4][x]), c = mean(r[0][x], r[5][x]);
		out[x] = clip(a + mean(mean(b, (uint8_t)~mean(a, c)), 128) - 128);
	}
}

static void halve_row(uint8_t *restrict out, const uint8_t *restrict line, int n) {
	for (int i = 0; i < n; i++) {
		const uint8_t *s = line + 2 * i;
		out[i] = clip((7 * (s[0] + s[1]) + 2 * (s[-1] + s[2]) - s[-2] - s[3] + 8) >> 4);
	}
}

static inline void filter_rows_of(uint8_t *restrict out, const uint8_t *const *r, const int8_t *weights, int taps, int w) {
	for (int x = 0; x < w; x++) {
		int16_t sum = 32;
		for (int i = 0; i < taps; i++)
			sum = (int16_t)(sum + weights[i] * r[i][x]);
		out[x] = clip(sum >> 6);
	}
}

static void filter_rows(uint8_t *out, const uint8_t *const *r, const int8_t *weights, int taps, int w) {
	switch (taps) {
	case 4: filter_rows_of(out, r, weights, 4, w); break;
	case 6: filter_rows_of(out, r, weights, 6, w); break;
	case 8: filter_rows_of(out, r, weights, 8, w); break;
	case 10: filter_rows_of(out, r, weights, 10, w); break;
	default: filter_rows_of(out, r, weights, 12, w);
	}
}

static void filter_row(uint8_t *restrict out, const uint8_t *restrict line, const int32_t *base, const uint8_t *mask,
                       const int8_t *lanes, int fours, int n) {
	for (int i = 0; i < n; i++) {
		const uint8_t *s = line + base[i / 4] + mask[4 * i];
		const int8_t *k = lanes + i / 16 * fours * 64 + i % 16 * 4;
		int sum = 32;
		for (int f = 0; f < fours; f++, s += 4, k += 64)
			sum += s[0] * k[0] + s[1] * k[1] + s[2] * k[2] + s[3] * k[3];
		out[i] = clip(sum >> 6);
	}
}

static const steps plain_steps = {halve_rows, halve_row, filter_rows, filter_row};

#if defined(__x86_64__)
#include "scale_amd64.h"
static const steps *fastest(void) { return __builtin_cpu_supports("avx2") ? &avx2_steps : &plain_steps; }
#elif defined(__aarch64__)
#include "scale_arm64.h"
static const steps *fastest(void) { return &neon_steps; }
#else
static const steps *fastest(void) { return &plain_steps; }
#endif

static int clamp(int i, int n) { return i < 0 ? 0 : i < n ? i : n - 1; }

// extend fills a row's margins, as far as the filters read, with its first and last sample.
static void extend(uint8_t *line, int w) {
	memset(line - 16, line[0], 16);
	memset(line + w, line[w - 1], 48);
}

void yuv_halve(const uint8_t *src, int stride, int w, int h,
               uint8_t *dst, int dst_stride, int dst_w, int dst_h,
               bool across, bool down, uint8_t *line, bool plain) {
	const steps *make = plain ? &plain_steps : fastest();
	for (int y = 0; y < dst_h; y++, dst += dst_stride) {
		uint8_t *out = across ? line : dst;
		if (down) {
			const uint8_t *r[8]; // six, and what is new in the next row, to be fetched
			for (int i = 0; i < 8; i++)
				r[i] = src + (ptrdiff_t)clamp(2 * y - 2 + i, h) * stride;
			make->halve_rows(out, r, w);
		} else {
			memcpy(out, src + (ptrdiff_t)y * stride, w);
		}
		if (across) {
			extend(line, w);
			make->halve_row(dst, line, dst_w);
		}
	}
}

void yuv_resample(const uint8_t *src, int stride, int w, int h,
                  uint8_t *dst, int dst_stride, int dst_w, int dst_h,
                  const int32_t *first, const int8_t *weights, int taps_down,
                  const int32_t *base, const uint8_t *mask, const int8_t *lanes, int taps_across,
                  uint8_t *line, bool plain) {
	const steps *make = plain ? &plain_steps : fastest();
	for (int y = 0; y < dst_h; y++, dst += dst_stride) {
		const uint8_t *r[12 + 4]; // and what is new in the next row, to be fetched
		for (int i = 0; i < taps_down + 4; i++)
			r[i] = src + (ptrdiff_t)clamp(first[y] + i, h) * stride;
		make->filter_rows(line, r, weights + y * taps_down, taps_down, w);
		extend(line, w);
		make->filter_row(dst, line, base, mask, lanes, taps_across / 4, dst_w);
	}
}
