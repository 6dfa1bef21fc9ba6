// Short messages that disappear after some seconds.

import { announce, byId, make } from './dom.js';

const life = 5000; // ms

/**
 * Shows a message for 5 s, a warning or a host's message for 10 s, and announces it to screen readers.
 *
 * @param {string} text
 * @param {'note' | 'warning' | 'host' | 'chat'} [kind]
 */
export function toast(text, kind = 'note') {
  announce(text);
  const box = byId('toasts', HTMLElement);
  const item = make('p', `toast ${kind}`);
  item.append(make('span', '', text));
  box.append(item);
  while (box.childElementCount > 3) box.firstElementChild?.remove();
  setTimeout(() => item.remove(), kind === 'note' || kind === 'chat' ? life : 2 * life);
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
    // Insecure origins have no clipboard.
    if (copyOld(text)) toast(done);
    else toast(`Copy this link: ${text}`, 'host');
  }
}

/**
 * Copies text the way of old browsers. Returns whether they did.
 *
 * @param {string} text
 * @returns {boolean}
 */
function copyOld(text) {
  const field = make('textarea', 'visually-hidden');
  field.value = text;
  document.body.append(field);
  const before = document.activeElement;
  field.select();
  const copied = document.execCommand('copy');
  field.remove();
  if (before instanceof HTMLElement) before.focus({ preventScroll: true });
  return copied;
}

/** Takes away what announces chat messages, once they are read. */
export function chatRead() {
  for (const item of document.querySelectorAll('.toast.chat')) item.remove();
}
