// Short messages that disappear after some seconds.

import { announce, byId, make } from './dom.js';

const life = 5000; // ms

/**
 * Shows a message for 5 s, a warning or a host's message for 10 s, and announces it to screen readers.
 *
 * @param {string} text
 * @param {'note' | 'warning' | 'host'} [kind]
 */
export function toast(text, kind = 'note') {
  announce(text);
  const box = byId('toasts', HTMLElement);
  const item = make('p', `toast ${kind}`, text);
  box.append(item);
  while (box.childElementCount > 3) box.firstElementChild?.remove();
  setTimeout(() => item.remove(), kind === 'note' ? life : 2 * life);
}

/**
 * Copies text, and shows that.
 *
 * @param {string} text
 * @param {string} done the message
 */
export async function copy(text, done) {
  try {
    await navigator.clipboard.writeText(text);
    toast(done);
  } catch {
    // Insecure origins have no clipboard, so the page shows the text for copying by hand.
    toast(text, 'warning');
  }
}
