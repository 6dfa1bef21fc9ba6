// What the server says about a request or a message that it refuses, for people.

import { asSentence } from './overlay.js';

/**
 * Sentences by the codes of refusals. The server's own text says more, but is in English.
 *
 * @type {Map<string, string>}
 */
const sentences = new Map([
  ['bad_request', 'The server does not take this.'],
  ['bad_name', 'The server does not take this name.'],
  ['unauthorized', 'You may not do this here.'],
  ['missing_credential', 'You may not do this here.'],
  ['invalid_credential', 'You may not do this here.'],
  ['forbidden', 'You may not do this here.'],
  ['wrong_room', 'You may not do this here.'],
  ['not_found', 'That is not there any more.'],
  ['conflict', 'That has already ended.'],
  ['gone', 'That is not there any more.'],
  ['timeout', 'It took too long. Try again.'],
  ['too_large', 'That is too large.'],
  ['files_full', 'The room has no more space for files. The server removes files after a day.'],
  ['too_many_requests', 'That was too fast. Try again in a moment.'],
  ['view_limit', 'The server has no more views of its picture now.'],
  ['room_full', 'The other room is full.'],
  ['room_locked', 'The other room is locked.'],
  ['server_full', 'The server is full. Try again in some minutes.'],
  ['unavailable', 'The server cannot do that now. Try again in some minutes.'],
  ['draining', 'The server is about to stop, and begins nothing new.'],
  ['not_implemented', 'This server cannot do that.'],
  ['no_storage', 'The server has no more space on its disk.'],
  ['storage_trouble', 'The server has no more space on its disk.'],
  ['internal', 'Something is wrong on the server.'],
  ['loop', 'The room would send its picture to itself.'],
]);

/**
 * What to show of a refusal: in English the server's text, in other languages what its code means.
 *
 * @param {string | undefined} code
 * @param {string | undefined} text of the server
 * @returns {string}
 */
export function said(code, text) {
  const known = document.documentElement.lang === 'en' ? undefined : sentences.get(code ?? '');
  return known ?? asSentence(text ?? '');
}

/**
 * The refusal in an answer, as an error.
 *
 * @param {Response} answer
 * @returns {Promise<Error>}
 */
export async function refusalOf(answer) {
  const body = await answer.json().catch(() => null);
  return new Error(body ? said(body.code, body.error) : `The server answered ${answer.status}.`);
}
