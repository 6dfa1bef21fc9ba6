// The list of participants.

import { byId, icon, initials, make } from './dom.js';
import { faultOf } from './faults.js';

/**
 * @typedef {import('../sdk/protocol.js').Person} Person
 * @typedef {import('../sdk/protocol.js').LayoutMessage} LayoutMessage
 */

/**
 * Shows the participants in the server's order, and marks those without a tile.
 *
 * @param {Person[]} participants
 * @param {string} self our own id
 * @param {LayoutMessage | null} layout
 * @param {boolean} hosts whether each has a host's menu
 */
export function showPeople(participants, self, layout, hosts) {
  const list = byId('people', HTMLUListElement);
  const focused = list.contains(document.activeElement) ? document.activeElement?.closest('li')?.dataset.id : undefined;
  const hidden = layout?.hidden ?? 0;
  const rows = participants.map((p) => row(list, p, p.id === self, hidden > 0 && !hasTile(p, layout), hosts));
  if (rows.length !== list.childElementCount || rows.some((r, i) => r !== list.children[i])) list.replaceChildren(...rows);
  if (focused) menuButton(focused)?.focus();
  const note = byId('people-hidden', HTMLElement);
  note.textContent = hidden ? `${hidden} not in the picture. Participants who speak are shown.` : '';
  note.hidden = !hidden;
  const count = byId('people-count', HTMLElement);
  count.textContent = String(participants.length);
  count.hidden = participants.length === 0;
  byId('people-button', HTMLButtonElement).setAttribute('aria-label', `People, ${participants.length} here`);
}

/**
 * The button of a participant's menu, null where there is none.
 *
 * @param {string} id
 * @returns {HTMLElement | null}
 */
export function menuButton(id) {
  return document.querySelector(`#people [data-id="${CSS.escape(id)}"] .person-more`);
}

/**
 * Whether a participant has a tile.
 *
 * @param {Person} p
 * @param {LayoutMessage | null} layout
 */
export function hasTile(p, layout) {
  return layout?.tiles.some((t) => t.id === p.id) ?? false;
}

/**
 * What each row shows, but for whether the participant speaks.
 *
 * @type {WeakMap<Element, string>}
 */
const shown = new WeakMap();

/**
 * The row of a participant: the one of before where nothing has changed, so that a click on it
 * is not lost.
 *
 * @param {HTMLElement} list
 * @param {Person} p
 * @param {boolean} self
 * @param {boolean} unseen
 * @param {boolean} hosts
 */
function row(list, p, self, unseen, hosts) {
  const what = JSON.stringify([{ ...p, speaking: false }, self, unseen, hosts]);
  const before = [...list.children].find((r) => shown.get(r) === what);
  const item = before instanceof HTMLElement ? before : newRow(p, self, unseen, hosts);
  shown.set(item, what);
  item.classList.toggle('speaking', p.speaking);
  const voice = item.querySelector('.person-voice');
  if (voice instanceof HTMLElement) voice.hidden = !p.speaking;
  return item;
}

/**
 * @param {Person} p
 * @param {boolean} self
 * @param {boolean} unseen
 * @param {boolean} hosts
 */
function newRow(p, self, unseen, hosts) {
  const item = make('li', 'person');
  item.classList.toggle('unseen', unseen);
  item.classList.toggle('lost', p.line === 'lost');
  item.dataset.id = p.id;
  const avatar = make('span', `avatar tint-${tint(p.id)}`, initials(p.name));
  avatar.setAttribute('aria-hidden', 'true');
  const name = make('span', 'person-name');
  const text = make('span', '', p.name);
  text.translate = false;
  text.dir = 'auto';
  text.title = p.name; // it may be cut
  name.append(text);
  if (self) name.append(make('span', 'person-self', ' (you)'));
  if (p.reason) name.append(make('span', 'person-reason', inWords(p.reason)));
  item.append(avatar, name);
  if (p.role === 'host') item.append(make('span', 'person-role', 'Host'));
  if (p.hand) item.append(handSign(p.hand));
  if (p.spotlight) {
    const front = sign('star', false, 'in the spotlight');
    front.classList.add('spotlight');
    item.append(front);
  }
  const fault = p.cause === 'server' ? '' : faultOf(p);
  if (fault) name.append(make('span', 'person-reason', fault));
  if (p.line) item.append(lineSign(p.line, p.reason ?? ''));
  else if (fault) item.append(faultSign(fault));
  item.append(make('span', 'person-voice visually-hidden', 'speaking'));
  if (unseen) item.append(make('span', 'visually-hidden', 'not in the picture'));
  item.append(sign(p.audioMuted ? 'mic-off' : 'mic', p.audioMuted, p.audioMuted ? 'muted' : 'microphone on'));
  item.append(sign(p.videoMuted ? 'camera-off' : 'camera', p.videoMuted, p.videoMuted ? 'camera off' : 'camera on'));
  if (hosts) item.append(more(p.name));
  return item;
}

/** @param {string} name */
function more(name) {
  const button = make('button', 'ghost person-more');
  button.type = 'button';
  button.setAttribute('aria-haspopup', 'menu');
  button.setAttribute('aria-label', `Host controls for ${name}`);
  button.append(icon('more'));
  return button;
}

/** @param {number} place among the raised hands */
function handSign(place) {
  const element = make('span', 'sign raised');
  element.title = `hand raised, number ${place}`;
  const number = make('span', '', String(place));
  number.setAttribute('aria-hidden', 'true');
  element.append(icon('hand'), number, make('span', 'visually-hidden', element.title));
  return element;
}

/**
 * The sign for a bad connection, or for a picture that is not seen.
 *
 * @param {'weak' | 'lost'} line
 * @param {string} reason
 */
function lineSign(line, reason) {
  const weak = line === 'weak';
  const text = reason ? 'no picture' : 'weak connection';
  const element = sign(weak ? 'weak' : 'no-line', false, weak ? text : 'reconnecting');
  element.classList.add('line');
  return element;
}

/** @param {string} fault of the connection or the device */
function faultSign(fault) {
  const element = sign('weak', false, fault);
  element.classList.add('line');
  return element;
}

/**
 * Why nothing is seen or heard of a participant, in plain words.
 *
 * @param {string} reason
 * @returns {string}
 */
export function inWords(reason) {
  return reasons.get(reason) ?? `Not seen or heard: ${reason}`;
}

const reasons = new Map([
  ['no-video-received', 'The server receives no video'],
  ['no-audio-received', 'The server receives no sound'],
  ['codec-refused', 'The server cannot read this codec'],
  ['stream-unbound', 'The stream belongs to no part of the offer'],
  ['stream-surplus', 'A second stream was sent; the server takes one'],
  ['layer-unknown', 'The stream names no layer that was agreed on'],
  ['packets-lost', 'The network loses too much of the video'],
  ['no-parameter-sets', 'The video lacks its parameter sets'],
  ['no-key-frame', 'The video has no key frame yet'],
  ['not-decodable', 'The server cannot decode the stream'],
  ['picture-too-large', 'The picture is larger than the server takes'],
  ['no-decoder-memory', 'The server has no memory left for the video'],
  ['decoder-crashed', 'The video ended its decoder three times'],
  ['too-costly', 'The video is too large for the server now'],
  ['server-busy', 'The server is too busy to decode the video'],
]);

/**
 * @param {import('./dom.js').IconName} name
 * @param {boolean} off
 * @param {string} text
 */
function sign(name, off, text) {
  const element = make('span', off ? 'sign off' : 'sign');
  element.title = text;
  element.append(icon(name), make('span', 'visually-hidden', text));
  return element;
}

/**
 * The colour that the server gives a participant's tile: the 64 bits of FNV-1a of its ID.
 *
 * @param {string} id
 * @returns {number} 0 to 11
 */
export function tint(id) {
  let high = 0xcbf29ce4;
  let low = 0x84222325;
  for (const c of id) {
    low = (low ^ (c.codePointAt(0) ?? 0)) >>> 0;
    const product = low * 0x1b3; // the prime is 2^40 + 0x1b3
    high = (high * 0x1b3 + Math.floor(product / 2 ** 32) + low * 256) % 2 ** 32;
    low = product % 2 ** 32;
  }
  return ((high % 12) * 4 + ((low ^ high) >>> 0) % 12) % 12;
}

/**
 * The text of which participants joined and left between two lists; '' for none.
 *
 * @param {Person[]} before
 * @param {Person[]} after
 * @param {string} self
 * @returns {string}
 */
export function changes(before, after, self) {
  /** @param {Person[]} a @param {Person[]} b */
  const without = (a, b) => a.filter((p) => p.id !== self && !b.some((q) => q.id === p.id)).map((p) => p.name);
  const came = without(after, before);
  const went = without(before, after);
  return [came.length ? `${list(came)} joined` : '', went.length ? `${list(went)} left` : ''].filter(Boolean).join(', ');
}

/** @param {string[]} names */
function list(names) {
  if (names.length > 3) return `${names.length} people`;
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`;
}
