// The page of a room's recordings, for those who may have them: list, play, download, delete.

import { access, headers } from './credentials.js';
import { ask } from './dialog.js';
import { at, byId, icon, make } from './dom.js';
import { translate } from './language.js';
import { isRoom, roomOf, roomRule } from './room.js';
import { refusalOf } from './said.js';
import { toast } from './toasts.js';

/**
 * @typedef {object} Recording
 * @property {string} id
 * @property {'starting' | 'recording' | 'paused' | 'finished' | 'failed'} state
 * @property {string} [reason]
 * @property {string} [started] RFC 3339
 * @property {number} [length] seconds
 * @property {number} [size] bytes
 * @property {string} file address that a player and a download need no secret for
 */

const room = roomOf(location.pathname);
const api = at(`/api/v1/rooms/${encodeURIComponent(room)}/recordings`);

// A page that the call has opened acts as its participant.
access.acting = access.kept(`resume.${room}`);
void translate();
document.body.dataset.phase = 'connected';
document.title = `${room} · tilemix`;
byId('room-name', HTMLElement).textContent = room;
byId('to-call', HTMLAnchorElement).href = at(`/r/${encodeURIComponent(room)}`) + location.hash;
if (isRoom(room)) void show();
else note(roomRule);

/** Lists the recordings, the newest first. */
async function show() {
  const all = await load();
  if (!all) return;
  byId('archive', HTMLElement).replaceChildren(...all.reverse().map(row));
  note(all.length ? '' : 'There are no recordings of this room.');
}

/** @returns {Promise<Recording[] | null>} null where the server gives none */
async function load() {
  /** @type {Recording[]} */
  const all = [];
  try {
    for (let next = `${api}?limit=100`; next;) {
      const answer = await request('GET', next);
      if (answer.status === 401 || answer.status === 403) {
        note('Only hosts of the room can see its recordings. Open this page from the call, or with the link of a host.');
        return null;
      }
      if (!answer.ok) throw await refusalOf(answer);
      const body = await answer.json();
      all.push(...body.recordings);
      next = body.next ? `${api}?limit=100&cursor=${encodeURIComponent(body.next)}` : '';
    }
  } catch (error) {
    note(error instanceof TypeError ? 'The server does not answer.' : error instanceof Error ? error.message : String(error));
    return null;
  }
  return all;
}

/**
 * Asks the server as the call's participant, and after the call by the invitation, which may still count.
 *
 * @param {string} method
 * @param {string} url
 */
async function request(method, url) {
  const answer = await fetch(url, { method, headers: headers() });
  if (!access.acting || (answer.status !== 401 && answer.status !== 403)) return answer;
  access.acting = '';
  return fetch(url, { method, headers: headers() });
}

/** @param {string} text */
function note(text) {
  byId('archive-note', HTMLElement).textContent = text;
}

const states = {
  starting: 'is being recorded', recording: 'is being recorded', paused: 'Recording paused', finished: '', failed: 'The recording failed',
};

/** @param {Recording} recording */
function row(recording) {
  const { id, state, reason, started, length = 0, size = 0, file } = recording;
  const item = make('li', 'archive-item');
  item.dataset.id = id;
  const when = make('time', 'archive-when');
  if (started) {
    when.dateTime = started;
    when.textContent = new Date(started).toLocaleString(document.documentElement.lang, { dateStyle: 'medium', timeStyle: 'short' });
  }
  const facts = make('span', 'archive-facts');
  facts.append(make('span', '', `${clock(length)} · ${(size / 1e6).toFixed(1)} MB`));
  if (states[state]) facts.append(' ', make('strong', '', states[state]));
  if (reason) facts.append(' ', make('span', '', reason));
  const actions = make('div', 'archive-actions');
  const play = button('Play', 'eye', () => {
    const video = make('video', 'archive-video');
    video.controls = true;
    video.src = file;
    video.setAttribute('aria-label', when.textContent ?? '');
    play.replaceWith(video);
    item.append(video);
    void video.play().catch(() => {}); // the user has the controls
  });
  const save = make('a', 'button small', 'Download');
  save.href = file;
  save.download = `${room}-${id}.mp4`;
  actions.append(play, save);
  const runs = state !== 'finished' && state !== 'failed';
  if (!runs) actions.append(button('Delete…', 'trash', () => void remove(id)));
  item.append(when, facts, actions);
  return item;
}

/**
 * @param {string} text
 * @param {import('./dom.js').IconName} name
 * @param {() => void} act
 */
function button(text, name, act) {
  const element = make('button', 'button small');
  element.type = 'button';
  element.append(icon(name), make('span', '', text));
  element.addEventListener('click', act);
  return element;
}

/** @param {string} id */
async function remove(id) {
  const sure = await ask({ title: 'Delete the recording?', text: 'The server deletes its files at once. Nobody can bring them back.', yes: 'Delete', danger: true });
  if (sure === null) return;
  try {
    const answer = await request('DELETE', `${api}/${encodeURIComponent(id)}/file`);
    if (!answer.ok) throw await refusalOf(answer);
    toast('The recording is deleted');
  } catch (error) {
    toast(error instanceof TypeError ? 'The server does not answer.' : error instanceof Error ? error.message : String(error), 'warning');
  }
  await show();
}

/** @param {number} seconds */
function clock(seconds) {
  const part = (/** @type {number} */ n) => String(Math.floor(n)).padStart(2, '0');
  return `${Math.floor(seconds / 3600)}:${part((seconds / 60) % 60)}:${part(seconds % 60)}`;
}
