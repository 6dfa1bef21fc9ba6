// What the page says when the server does not let it in, or has removed it: what happened, and
// what to do about it.

import { enterPIN } from './credentials.js';
import { ask } from './dialog.js';
import { asSentence, refusal } from './overlay.js';

/** @typedef {import('./overlay.js').Card} Card */

/** Codes of refusals that a PIN answers. */
export const pinCodes = ['pin_missing', 'pin_wrong'];

/** @type {Map<string, [what: string, advice: string]>} */
const sentences = new Map([
  ['missing_credential', ['This room needs an invitation', 'Ask a host for an invitation link, and open that link.']],
  ['invalid_credential', ['The server does not accept your invitation', 'Ask a host for a new invitation link.']],
  ['invite_invalid', ['The server does not know this invitation', 'Perhaps a part of the link is missing. Copy all of it, or ask a host for a new one.']],
  ['invite_used', ['This invitation has been used', 'It let in as many people as it may. Ask a host for a new link.']],
  ['invite_revoked', ['This invitation was withdrawn', 'Ask a host for a new link.']],
  ['invite_expired', ['This invitation has expired', 'Ask a host for a new link.']],
  ['wrong_room', ['This invitation is for another room', 'Open the link as you got it, or ask a host for a link to this room.']],
  ['token_room', ['Your access is for another room', 'Open the room from the page that you came from.']],
  ['token_invalid', ['The server does not accept your access', 'Go back to the page that you came from, and open the call again.']],
  ['token_expired', ['Your access has expired', 'Go back to the page that you came from, and open the call again.']],
  ['token_early', ['The call is not open yet', 'Come back at the time that you were invited for.']],
  ['banned', ['A host has removed you from this room', 'You cannot come back for now. Ask a host if this is a mistake.']],
  ['foreign_origin', ['Something between this page and the server changes the address', 'The operator of the server has to let the proxy pass on the header Host, or to start the server with --host.']],
  ['unknown_host', ['The server does not know the name in the address', 'The operator of the server has to start it with --host and this name.']],
  ['hook_denied', ['You may not enter this room', 'Ask a host for an invitation.']],
  ['room_locked', ['The room is locked', 'Ask a host to unlock it, then try again.']],
  ['room_early', ['The room is not open yet', 'Come back at the time that you were invited for.']],
  ['room_over', ["The room's time is over", 'Ask a host for another time.']],
  ['room_full', ['The room is full', 'Try again when somebody has left.']],
  ['server_full', ['The server is full', 'Try again in some minutes.']],
  ['pin_missing', ['This room has a PIN', 'Ask a host for it, then try again.']],
  ['pin_wrong', ['That PIN is wrong', 'Ask a host for the PIN, then try again.']],
  ['pin_paused', ['Too many wrong PINs', 'The server takes no PIN from here for some minutes. Ask a host for the PIN, then try again.']],
  ['pin_busy', ['Too many people are trying PINs now', 'Wait for a moment, then try again.']],
]);

/**
 * The card for a refusal.
 *
 * @param {string} title for a refusal that explains itself
 * @param {string} code '' where there is none
 * @param {string} text of the server
 * @returns {Card}
 */
export function refused(title, code, text) {
  const known = sentences.get(code);
  if (!known) return refusal(title, text);
  return { title: known[0], text: known[1], detail: asSentence(text), again: 'Try again' };
}

/**
 * Asks for the PIN, and keeps it for the next attempt. Returns whether the user entered one.
 *
 * @param {string} code of the refusal
 * @returns {Promise<boolean>}
 */
export async function askPIN(code) {
  const text = code === 'pin_wrong' ? 'That PIN is wrong. Ask a host for it.' : 'Enter the PIN that a host gave you.';
  const pin = await ask({ title: 'This room has a PIN', text, yes: 'Enter', field: { label: 'PIN', digits: true } });
  if (!pin) return false;
  enterPIN(pin);
  return true;
}

/**
 * The card for a participant that a host has removed.
 *
 * @param {import('../sdk/protocol.js').RemovedMessage} message
 * @returns {Card}
 */
export function removed(message) {
  const detail = message.reason ? `Reason: ${message.reason}` : '';
  switch (message.code) {
    case 'ended':
      return { title: 'The call has ended', text: 'A host ended it for all.', detail, again: 'Join again' };
    case 'rejected':
      return { title: 'The hosts did not let you in', text: 'Ask a host to let you in, then try again.', detail, again: 'Try again' };
    case 'banned':
      return { title: 'A host removed you from the call', text: `You cannot come back ${until(message.until)}. Ask a host if this is a mistake.`, detail };
    default:
      return { title: 'A host removed you from the call', text: 'You may come back.', detail, again: 'Join again' };
  }
}

/**
 * @param {string} [time] RFC 3339
 * @returns {string}
 */
function until(time) {
  if (!time) return 'for now';
  return `before ${new Date(time).toLocaleString(document.documentElement.lang, { dateStyle: 'medium', timeStyle: 'short' })}`;
}
