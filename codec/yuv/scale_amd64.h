#include <immintrin.h>

// The steps of scaling with AVX2, which all servers since 2015 have. Whole vectors only: the
// last of a row overlaps the one before it. Rows shorter than a vector are left to plain C.

#define AVX2 static __attribute__((target("avx2")))
#define AVX2_INLINE static inline __attribute__((target("avx2"), always_inline))

AVX2_INLINE __m256i load(const uint8_t *p) { return _mm256_loadu_si256((const __m256i *)p); }
AVX2_INLINE void store(uint8_t *p, __m256i v) { _mm256_storeu_si256((__m256i *)p, v); }

// halved makes 32 bytes of those at x in six rows.
AVX2_INLINE __m256i halved(const uint8_t *const r[6], int x) {
	const __m256i middle = _mm256_set1_epi8(-128), ones = _mm256_set1_epi8(-1);
	__m256i a = _mm256_avg_epu8(load(r[2] + x), load(r[3] + x));
	__m256i b = _mm256_avg_epu8(load(r[1] + x), load(r[4] + x));
	__m256i c = _mm256_avg_epu8(load(r[0] + x), load(r[5] + x));
	__m256i e = _mm256_xor_si256(_mm256_avg_epu8(a, c), ones);
	__m256i d = _mm256_avg_epu8(_mm256_avg_epu8(b, e), middle);
	// Both less 128, so that a sum of signed bytes saturates where bytes end.
	__m256i sum = _mm256_adds_epi8(_mm256_xor_si256(a, middle), _mm256_xor_si256(d, middle));
	return _mm256_xor_si256(sum, middle);
}

AVX2 void halve_rows_avx2(uint8_t *out, const uint8_t *const rows[8], int w) {
	if (w < 64) {
		halve_rows(out, rows, w);
		return;
	}
	// Copied, because out may be in the way of rows for all that the compiler knows.
	const uint8_t *const r[6] = {rows[0], rows[1], rows[2], rows[3], rows[4], rows[5]};
	const uint8_t *next = rows[6], *last = rows[7];
	for (int x = 0; x < w; x += 64) {
		if (x > w - 64)
			x = w - 64;
		_mm_prefetch((const char *)next + x, _MM_HINT_T0);
		_mm_prefetch((const char *)last + x, _MM_HINT_T0);
		store(out + x, halved(r, x));
		store(out + x + 32, halved(r, x + 32));
	}
}

AVX2 void halve_row_avx2(uint8_t *out, const uint8_t *line, int n) {
	if (n < 32) {
		halve_row(out, line, n);
		return;
	}
	const __m256i k0 = _mm256_set1_epi16(0x02ff), k1 = _mm256_set1_epi16(0x0707), k2 = _mm256_set1_epi16((short)0xff02);
	const __m256i sixteenth = _mm256_set1_epi16(1 << 11);
	for (int i = 0; i < n; i += 32) {
		if (i > n - 32)
			i = n - 32;
		const uint8_t *s = line + 2 * (long)i;
		__m256i lo = _mm256_add_epi16(_mm256_add_epi16(_mm256_maddubs_epi16(load(s - 2), k0),
			_mm256_maddubs_epi16(load(s), k1)), _mm256_maddubs_epi16(load(s + 2), k2));
		__m256i hi = _mm256_add_epi16(_mm256_add_epi16(_mm256_maddubs_epi16(load(s + 30), k0),
			_mm256_maddubs_epi16(load(s + 32), k1)), _mm256_maddubs_epi16(load(s + 34), k2));
		lo = _mm256_mulhrs_epi16(lo, sixteenth);
		hi = _mm256_mulhrs_epi16(hi, sixteenth);
		store(out + i, _mm256_permute4x64_epi64(_mm256_packus_epi16(lo, hi), 0xd8));
	}
}

AVX2_INLINE void filter_rows_of_avx2(uint8_t *out, const uint8_t *const *rows, const int8_t *weights, int w, const int pairs) {
	const __m256i share = _mm256_set1_epi16(1 << 9);
	const uint8_t *r[12];
	__m256i k[6];
	for (int p = 0; p < pairs; p++) {
		k[p] = _mm256_set1_epi16((short)((uint8_t)weights[2 * p] | (uint8_t)weights[2 * p + 1] << 8));
		r[2 * p] = rows[2 * p];
		r[2 * p + 1] = rows[2 * p + 1];
	}
	const uint8_t *const *ahead = rows + 2 * pairs;
	for (int x = 0; x < w; x += 32) {
		if (x > w - 32)
			x = w - 32;
		_mm_prefetch((const char *)ahead[x >> 5 & 1] + x, _MM_HINT_T0);
		_mm_prefetch((const char *)ahead[2 + (x >> 5 & 1)] + x, _MM_HINT_T0);
		__m256i lo = _mm256_setzero_si256(), hi = lo;
		for (int p = 0; p < pairs; p++) {
			__m256i a = load(r[2 * p] + x), b = load(r[2 * p + 1] + x);
			lo = _mm256_add_epi16(lo, _mm256_maddubs_epi16(_mm256_unpacklo_epi8(a, b), k[p]));
			hi = _mm256_add_epi16(hi, _mm256_maddubs_epi16(_mm256_unpackhi_epi8(a, b), k[p]));
		}
		store(out + x, _mm256_packus_epi16(_mm256_mulhrs_epi16(lo, share), _mm256_mulhrs_epi16(hi, share)));
	}
}

AVX2 void filter_rows_avx2(uint8_t *out, const uint8_t *const *rows, const int8_t *weights, int taps, int w) {
	if (w < 32) {
		filter_rows(out, rows, weights, taps, w);
		return;
	}
	switch (taps) {
	case 4: filter_rows_of_avx2(out, rows, weights, w, 2); break;
	case 6: filter_rows_of_avx2(out, rows, weights, w, 3); break;
	case 8: filter_rows_of_avx2(out, rows, weights, w, 4); break;
	case 10: filter_rows_of_avx2(out, rows, weights, w, 5); break;
	default: filter_rows_of_avx2(out, rows, weights, w, 6);
	}
}

// two returns 16 bytes from each place.
AVX2_INLINE __m256i two(const uint8_t *a, const uint8_t *b) {
	return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)a)),
		_mm_loadu_si128((const __m128i *)b), 1);
}

AVX2_INLINE void filter_row_of_avx2(uint8_t *out, const uint8_t *line, const int32_t *base, const uint8_t *mask,
                                    const int8_t *lanes, int n, const int fours) {
	const __m256i one = _mm256_set1_epi16(1), share = _mm256_set1_epi16(1 << 9);
	const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 0, 4, 1, 5);
	for (int i = 0; i < n; i += 16, base += 4, mask += 64) {
		__m256i m0 = load(mask), m1 = load(mask + 32);
		__m256i s0 = _mm256_setzero_si256(), s1 = s0;
		for (int f = 0; f < fours; f++, lanes += 64) {
			__m256i a = _mm256_shuffle_epi8(two(line + base[0] + 4 * f, line + base[1] + 4 * f), m0);
			__m256i b = _mm256_shuffle_epi8(two(line + base[2] + 4 * f, line + base[3] + 4 * f), m1);
			s0 = _mm256_add_epi16(s0, _mm256_maddubs_epi16(a, load((const uint8_t *)lanes)));
			s1 = _mm256_add_epi16(s1, _mm256_maddubs_epi16(b, load((const uint8_t *)lanes + 32)));
		}
		__m256i sum = _mm256_packs_epi32(_mm256_madd_epi16(s0, one), _mm256_madd_epi16(s1, one));
		sum = _mm256_mulhrs_epi16(sum, share);
		sum = _mm256_permutevar8x32_epi32(_mm256_packus_epi16(sum, sum), order);
		__m128i v = _mm256_castsi256_si128(sum);
		if (n - i >= 16)
			_mm_storeu_si128((__m128i *)(out + i), v);
		else {
			uint8_t last[16];
			_mm_storeu_si128((__m128i *)last, v);
			memcpy(out + i, last, n - i);
		}
	}
}

AVX2 void filter_row_avx2(uint8_t *out, const uint8_t *line, const int32_t *base, const uint8_t *mask,
                          const int8_t *lanes, int fours, int n) {
	switch (fours) {
	case 1: filter_row_of_avx2(out, line, base, mask, lanes, n, 1); break;
	case 2: filter_row_of_avx2(out, line, base, mask, lanes, n, 2); break;
	default: filter_row_of_avx2(out, line, base, mask, lanes, n, 3);
	}
}

static const steps avx2_steps = {halve_rows_avx2, halve_row_avx2, filter_rows_avx2, filter_row_avx2};
