// Short messages that come and go.

import { announce, byId, make } from './dom.js';

const life = 5000; // ms

/**
 * Shows a message for some seconds, and says it to screen readers.
 *
 * @param {string} text
 * @param {'note' | 'warning'} [kind]
 */
export function toast(text, kind = 'note') {
  announce(text);
  const box = byId('toasts', HTMLElement);
  const item = make('p', `toast ${kind}`, text);
  box.append(item);
  while (box.childElementCount > 3) box.firstElementChild?.remove();
  setTimeout(() => item.remove(), kind === 'warning' ? 2 * life : life);
}

/**
 * Copies text, and says so.
 *
 * @param {string} text
 * @param {string} done what to say
 */
export async function copy(text, done) {
  try {
    await navigator.clipboard.writeText(text);
    toast(done);
  } catch {
    // No clipboard on insecure origins: show it, to be copied by hand.
    toast(text, 'warning');
  }
}
