// Small functions for the document that every page uses.

/**
 * What is in icons.svg.
 *
 * @typedef {'mic' | 'mic-off' | 'camera' | 'camera-off' | 'grid' | 'speaker' | 'people' | 'chat' | 'link' | 'leave' | 'settings' | 'full' | 'close' | 'send' | 'dice' | 'sound' | 'sound-off' | 'alert' | 'eye' | 'record' | 'screen' | 'weak' | 'no-line' | 'lock' | 'unlock' | 'hand' | 'host' | 'star' | 'more' | 'clip' | 'pencil' | 'trash' | 'pin' | 'eye-off'} IconName
 */

/**
 * The URL of an address of the server's. Behind a proxy the server may stand under a path, which
 * the address of this module has too.
 *
 * @param {string} address begins with a slash
 * @returns {string}
 */
export function at(address) {
  return new URL(`..${address}`, import.meta.url).href;
}

/**
 * The element of that id, which must be of that class. Without it the page is broken, so
 * this throws.
 *
 * @template {Element} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function byId(id, type) {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`no #${id} of the right kind`);
  return element;
}

/**
 * An icon from the sprite.
 *
 * @param {IconName} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const ns = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(ns, 'svg');
  svg.classList.add('icon');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(ns, 'use');
  use.setAttribute('href', at(`/static/icons.svg#${name}`));
  svg.append(use);
  return svg;
}

/**
 * Changes the icon that stands in an element.
 *
 * @param {Element} element
 * @param {IconName} name
 */
export function setIcon(element, name) {
  element.querySelector('use')?.setAttribute('href', at(`/static/icons.svg#${name}`));
}

/**
 * A new element with a class and text.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} [className]
 * @param {string} [text]
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, className = '', text = '') {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

/**
 * Announces a text to screen readers, in the page's live region.
 *
 * @param {string} text
 */
export function announce(text) {
  const live = document.getElementById('live');
  if (!live) return;
  const line = make('p', '', text);
  live.append(line);
  // Screen readers announce additions only; old lines would be read again on browsing.
  while (live.childElementCount > 5) live.firstElementChild?.remove();
}

/**
 * The first letters of a name's first and last word, for a round avatar.
 *
 * @param {string} name
 * @returns {string}
 */
export function initials(name) {
  const words = name.trim().split(/\s+/);
  const first = [...(words[0] ?? '')][0] ?? '?';
  const last = words.length > 1 ? [...words[words.length - 1]][0] : '';
  return (first + last).toUpperCase();
}

/**
 * Shows on a toggle button that a click would not switch the device on, and why. The button keeps
 * the focus and tells the reason, so it is not disabled for good.
 *
 * @param {string} id
 * @param {string} why '' where it would
 */
export function showHeld(id, why) {
  const button = byId(id, HTMLButtonElement);
  button.setAttribute('aria-disabled', String(Boolean(why)));
  if (!why) return button.removeAttribute('aria-description');
  button.setAttribute('aria-description', why);
  button.dataset.hint = why;
}

/**
 * Shows a toggle button: pressed while the device is off.
 *
 * @param {string} id
 * @param {boolean} off
 * @param {'mic' | 'camera'} name of the icon
 * @param {string} hintOn what a click does while it is on
 * @param {string} hintOff and while it is off
 */
export function showToggle(id, off, name, hintOn, hintOff) {
  const button = byId(id, HTMLButtonElement);
  button.setAttribute('aria-pressed', String(off));
  button.dataset.hint = off ? hintOff : hintOn;
  setIcon(button, off ? /** @type {IconName} */ (`${name}-off`) : name);
}
