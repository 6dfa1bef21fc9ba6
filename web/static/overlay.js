// The overlay of the picture: the banner at its top, and the card in its middle.

import { hasVideo } from '../sdk/uplink.js';
import { announce, byId } from './dom.js';

/**
 * Shows a line over the picture, or none for ''.
 *
 * @param {string} text
 * @param {{busy?: boolean, retry?: boolean}} [options] a spinner; a button that tries at once
 */
export function banner(text, options = {}) {
  const line = byId('status-text', HTMLElement);
  const box = byId('status', HTMLElement);
  if (text && text !== line.textContent) announce(text);
  line.textContent = text;
  box.hidden = !text;
  box.classList.toggle('busy', options.busy ?? false);
  byId('retry', HTMLButtonElement).hidden = !options.retry;
}

/**
 * @typedef {object} Card
 * @property {string} title
 * @property {string} text
 * @property {string} [detail] more, in small print
 * @property {string} [again] the button's text; none where it would not help
 */

/**
 * Shows the card in place of the picture, or takes it away.
 *
 * @param {Card | null} card
 */
export function showCard(card) {
  byId('card', HTMLElement).hidden = !card;
  byId('mix', HTMLVideoElement).classList.toggle('covered', card !== null);
  if (!card) return;
  byId('card-title', HTMLElement).textContent = card.title;
  byId('card-text', HTMLElement).textContent = card.text;
  const detail = byId('card-detail', HTMLElement);
  detail.textContent = card.detail ?? '';
  detail.hidden = !card.detail;
  const again = byId('again', HTMLButtonElement);
  again.textContent = card.again ?? '';
  again.hidden = !card.again;
  if (card.again) again.focus();
  else byId('home', HTMLAnchorElement).focus();
  announce(`${card.title}. ${card.text}`);
}

/**
 * A server's reason as a sentence.
 *
 * @param {string} reason
 * @returns {string}
 */
export function asSentence(reason) {
  const text = reason.trim() || 'The server gave no reason';
  return text[0].toUpperCase() + text.slice(1) + (/[.!?…]$/.test(text) ? '' : '.');
}

/**
 * The card for a refusal of the server. If the user can do something about it, the card says
 * that first, and the server's text in small print.
 *
 * @param {string} title
 * @param {string} reason
 * @returns {Card}
 */
export function refusal(title, reason) {
  const said = asSentence(reason);
  const hint = codecHint(reason);
  return { title, text: hint || said, detail: hint && said, again: 'Try again' };
}

/**
 * What to do about a refusal that is about codecs, '' for any other.
 *
 * @param {string} reason
 * @returns {string}
 */
function codecHint(reason) {
  if (hasVideo() || !/h\.?264|vp8|codec/i.test(reason)) return '';
  return 'This browser has neither H.264 nor VP8 video, and the call needs one of them. Chrome, Edge, Firefox and Safari have it.';
}
