// Keys that work anywhere on a page, except in text fields.

import { loadChoices } from './choices.js';

/**
 * @param {Record<string, () => void>} keys by KeyboardEvent.key in lower case
 */
export function shortcuts(keys) {
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const name = letter(event);
    const action = keys[name];
    if (!action) return;
    const typing = event.target instanceof Element && event.target.matches('input:not([type=checkbox], [type=range]), textarea, select');
    if (name !== 'escape' && (typing || loadChoices().keysOff)) return;
    event.preventDefault();
    action();
  });
}

/**
 * The key of an event. A keyboard without Latin letters has its keys where a Latin one has them.
 *
 * @param {KeyboardEvent} event
 * @returns {string} as KeyboardEvent.key, in lower case
 */
export function letter({ key, code }) {
  const there = /^Key([A-Z])$/.exec(code ?? '');
  return (there && !/^[\x20-\x7e]$/.test(key) ? there[1] : key).toLowerCase();
}

/** Switches full screen on or off. */
export async function toggleFullScreen() {
  try {
    if (document.fullscreenElement) await document.exitFullscreen();
    else await document.documentElement.requestFullscreen();
  } catch {
    // Some browsers on telephones have no full screen.
  }
}
