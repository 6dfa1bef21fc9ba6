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
    const typing = event.target instanceof Element && event.target.matches('input:not([type=checkbox]):not([type=range]), textarea, select');
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
    if (document.fullscreenElement) return await document.exitFullscreen();
    await document.documentElement.requestFullscreen();
    followHand();
  } catch {
    // Some browsers on telephones have no full screen.
  }
}

const still = 3_000; // ms after which the controls of the full screen hide

let following = false;

/** Shows the controls of the full screen while the pointer moves or keys are pressed. */
function followHand() {
  let timer = 0;
  const moved = () => {
    clearTimeout(timer);
    document.body.classList.add('moved');
    timer = setTimeout(() => document.body.classList.remove('moved'), still);
  };
  moved();
  if (following) return;
  following = true;
  for (const kind of ['pointermove', 'pointerdown', 'keydown']) addEventListener(kind, moved);
}
