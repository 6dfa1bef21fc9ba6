// Small pictures of layouts.

/** The rectangles of each, on a field of 64×36: left, top, width, height. */
const rectangles = /** @type {Record<string, [number, number, number, number][]>} */ ({
  '': [[3, 3, 58, 30]],
  grid: [[3, 3, 28, 14], [33, 3, 28, 14], [3, 19, 28, 14], [33, 19, 28, 14]],
  speaker: [[3, 3, 58, 21], [3, 26, 18, 7], [23, 26, 18, 7], [43, 26, 18, 7]],
  screen: [[3, 3, 44, 30], [49, 3, 12, 9], [49, 14, 12, 9], [49, 25, 12, 8]],
  portrait: [[23, 3, 18, 17], [23, 22, 8, 11], [33, 22, 8, 11]],
});

/** @type {[number, number, number, number][]} */
const other = [[3, 3, 36, 30], [41, 3, 20, 14], [41, 19, 9, 14], [52, 19, 9, 14]];

const ns = 'http://www.w3.org/2000/svg';

/**
 * A picture of a layout; that of a large tile and small ones for a layout that the page does not know.
 *
 * @param {string} name
 */
export function layoutPicture(name) {
  const svg = document.createElementNS(ns, 'svg');
  svg.setAttribute('viewBox', '0 0 64 36');
  svg.setAttribute('aria-hidden', 'true');
  svg.classList.add('layout-picture');
  for (const [x, y, width, height] of rectangles[name] ?? other) {
    const rect = document.createElementNS(ns, 'rect');
    for (const [key, value] of Object.entries({ x, y, width, height, rx: 2 })) rect.setAttribute(key, String(value));
    svg.append(rect);
  }
  if (name === '') svg.append(heads());
  return svg;
}

/** Those who see the room's view. */
function heads() {
  const path = document.createElementNS(ns, 'path');
  path.setAttribute('d', 'M22 26a5 5 0 0 1 10 0M32 26a5 5 0 0 1 10 0M24.500 15a2.500 2.500 0 1 0 5 0a2.500 2.500 0 1 0-5 0M34.500 15a2.500 2.500 0 1 0 5 0a2.500 2.500 0 1 0-5 0');
  path.classList.add('heads');
  return path;
}
