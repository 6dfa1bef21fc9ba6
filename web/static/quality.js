// Shows which rendition the server sends, when that is less than the full picture.

import { byId } from './dom.js';

/** @typedef {import('../sdk/protocol.js').RenditionMessage} RenditionMessage */

/**
 * The text for a picture of a height, in pixels, in a call whose picture has full.
 *
 * @param {number} height 0: audio only
 * @param {number} full 0: unknown
 * @returns {string} '' when the viewer has the full picture
 */
export function qualityText(height, full) {
  if (height === 0) return 'Audio only · reduced quality';
  return height < full ? `${height}p · reduced quality` : '';
}

/** @param {string} text */
export function showQuality(text) {
  const sign = byId('quality', HTMLElement);
  sign.hidden = text === '';
  if (sign.dataset.says === text) return; // it may be translated
  sign.dataset.says = text;
  sign.textContent = text;
}

/**
 * Shows the quality of the picture that arrives. The largest picture so far counts as the
 * full one.
 *
 * @param {HTMLVideoElement} video
 */
export function watchQuality(video) {
  let full = 0;
  video.addEventListener('resize', () => {
    if (video.videoHeight === 0) return;
    full = Math.max(full, video.videoHeight);
    showQuality(qualityText(video.videoHeight, full));
  });
}
