// What the viewer has of the picture, where it is less than all of it.

import { byId } from './dom.js';

/** @typedef {import('./protocol.js').RenditionMessage} RenditionMessage */

/**
 * What to say of a picture of a height, in pixels, where the call has one of full.
 *
 * @param {number} height 0: there is no picture
 * @param {number} full 0: not known
 * @returns {string} nothing where there is nothing to say
 */
export function qualityText(height, full) {
  if (height === 0) return 'Sound only · your line is slow';
  return height < full ? `${height}p · your line is slow` : '';
}

/** @param {string} text */
export function showQuality(text) {
  const sign = byId('quality', HTMLElement);
  sign.textContent = text;
  sign.hidden = text === '';
}

/**
 * Tells of the picture's quality by what arrives: the largest picture so far is taken
 * for the whole one.
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
