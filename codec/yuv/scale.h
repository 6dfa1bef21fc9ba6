#include <stdbool.h>
#include <stdint.h>

// yuv_halve halves a plane across, down or both by (-1 2 7 7 2 -1)/16. line is memory for
// a row of the source, with 32 bytes before it and 64 behind it.
void yuv_halve(const uint8_t *src, int stride, int w, int h,
               uint8_t *dst, int dst_stride, int dst_w, int dst_h,
               bool across, bool down, uint8_t *line, bool plain);

// yuv_resample filters a plane to another size, by the tables of axis.go. Row y of dst is
// made of taps_down rows from first[y] on.
void yuv_resample(const uint8_t *src, int stride, int w, int h,
                  uint8_t *dst, int dst_stride, int dst_w, int dst_h,
                  const int32_t *first, const int8_t *weights, int taps_down,
                  const int32_t *base, const uint8_t *mask, const int8_t *lanes, int taps_across,
                  uint8_t *line, bool plain);
