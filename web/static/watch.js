// The viewer's page: shows a call without joining it.

import { Backoff } from '../sdk/backoff.js';
import { stalledText } from '../sdk/reach.js';
import { Refusal, Subscription } from '../sdk/whep.js';
import { audienceText, countAudience } from './audience.js';
import { access } from './credentials.js';
import { announce, at, byId, setIcon } from './dom.js';
import { Playback } from './hls.js';
import { translate } from './language.js';
import { asSentence, banner, showCard } from './overlay.js';
import { Player } from './player.js';
import { watchQuality } from './quality.js';
import { askPIN, pinCodes, refused } from './refusals.js';
import { isRoom, roomOf, roomRule } from './room.js';
import { shortcuts, toggleFullScreen } from './shortcuts.js';

const room = roomOf(location.pathname);
const player = new Player(byId('mix', HTMLVideoElement), byId('hear', HTMLButtonElement));
const backoff = new Backoff();

/** @type {Subscription | null} */
let subscription = null;
/** @type {Playback | null} */
let playback = null;
let been = false;
let began = false; // somebody has been in the call
let patience = 0;

const fallBackAfter = 6_000; // ms without WebRTC
const onlyHLS = new URLSearchParams(location.search).has('hls');

/** Starts to watch, instead of what ran before. */
async function watch() {
  stop();
  if (onlyHLS || typeof RTCPeerConnection === 'undefined') return watchBroadcast('The call is not broadcast. Waiting for it…');
  patience = setTimeout(() => void watchBroadcast('Connecting…'), fallBackAfter);
  const mine = new Subscription({
    flowing: connected,
    silent() {},
    stalled: () => {
      phase('stalled');
      banner(stalledText(), { busy: true });
    },
    lost: () => {
      player.freeze();
      again('Connection lost, reconnecting…');
    },
  }, access);
  subscription = mine;
  // For debugging and tests, as on the call page.
  Object.assign(window, { tilemix: { pc: mine.pc, ws: null } });
  try {
    await mine.open(at(`/whep/${encodeURIComponent(room)}`));
  } catch (error) {
    if (subscription === mine) failed(error);
  }
}

/**
 * Plays the broadcast, instead of a WebRTC connection that fails. Without a broadcast the
 * page tries again.
 *
 * @param {string} why the text when there is no broadcast
 */
async function watchBroadcast(why) {
  stop();
  const mine = new Playback(byId('mix', HTMLVideoElement), {
    flowing: () => connected(),
    lost: () => {
      player.freeze();
      again('The broadcast has ended or was lost. Trying again…');
    },
  });
  playback = mine;
  Object.assign(window, { tilemix: { pc: null, ws: null, playback: mine } });
  try {
    await mine.open(at(`/hls/${encodeURIComponent(room)}/index.m3u8`));
    if (playback === mine) await player.start();
  } catch {
    if (playback === mine) again(why);
  }
}

/** Ends what runs. */
function stop() {
  clearTimeout(patience);
  subscription?.close();
  subscription = null;
  playback?.close();
  playback = null;
}

/** Shows how the call arrives, and how late. */
function showSource() {
  const text = playback ? 'HLS' : subscription ? 'WebRTC' : '';
  const latency = playback?.latency;
  document.body.dataset.source = text;
  byId('source', HTMLElement).textContent = latency ? `${text}, ${latency.toFixed(1)} s behind` : text;
}

function connected() {
  clearTimeout(patience);
  if (!been) countAudience(() => room, showAudience);
  been = true;
  backoff.reset();
  phase('connected');
  banner('');
  showCard(null);
  if (subscription) void player.show(subscription.stream);
}

/**
 * Shows how many are there, and says so where nobody is in the call.
 *
 * @param {import('./audience.js').RoomInfo | null} info
 */
function showAudience(info) {
  byId('audience', HTMLElement).textContent = audienceText(info);
  if (document.body.dataset.phase !== 'connected' || !info) return;
  const empty = info.participants === 0;
  if (!empty) began = true;
  document.querySelector('.live-dot')?.classList.toggle('waits', empty);
  player.overlay.hidden = empty || !player.blocked;
  if (empty) {
    banner(began ? `The call in "${room}" has ended. This page shows it when somebody comes back.` : `Nobody is in the call "${room}" yet. This page shows it when somebody joins.`, { busy: true });
  } else {
    banner('');
  }
}

/** @param {unknown} error */
function failed(error) {
  stop();
  if (!(error instanceof Refusal)) {
    again(been ? 'Connection lost, reconnecting…' : 'The server does not answer. Trying again…');
  } else if (error.status === 404) {
    again('The call has not started. Waiting for it…');
  } else if (error.status >= 500) {
    void watchBroadcast(`${asSentence(error.message)} Trying again…`);
  } else {
    phase('refused');
    banner('');
    player.clear();
    void refuse(error);
  }
}

/** @param {Refusal} error */
async function refuse({ code, message }) {
  showCard(refused('You cannot watch this call', code, message));
  if (!pinCodes.includes(code) || !(await askPIN(code))) return;
  showCard(null);
  phase('connecting');
  banner('Connecting…', { busy: true });
  void watch();
}

/** @param {string} why */
function again(why) {
  phase(been ? 'reconnecting' : 'connecting');
  backoff.schedule(() => void watch());
  banner(why, { busy: true, retry: true });
}

/** @param {string} name */
function phase(name) {
  document.body.dataset.phase = name;
  byId('bar', HTMLElement).hidden = name === 'left' || name === 'refused';
  byId('mix', HTMLVideoElement).classList.toggle('stale', name === 'stalled' || name === 'reconnecting');
}

function leave() {
  backoff.cancel();
  stop();
  player.clear();
  phase('left');
  banner('');
  showCard({ title: 'You stopped watching', text: `The call in ${room} may go on.`, again: 'Watch again' });
}

function mute() {
  if (player.blocked) player.hear();
  else player.setSilent(!player.silent);
  showSound();
  announce(player.silent ? 'Sound off' : 'Sound on');
}

/** Shows whether the sound is off, by the user or because the browser waits for a click. */
function showSound() {
  const off = player.silent || player.blocked;
  const button = byId('mute', HTMLButtonElement);
  button.setAttribute('aria-pressed', String(off));
  button.dataset.hint = off ? 'Sound on' : 'Sound off';
  setIcon(button, off ? 'sound-off' : 'sound');
}

void translate();
watchQuality(byId('mix', HTMLVideoElement));
document.title = `${room} · tilemix`;
for (const id of ['title', 'room-name']) byId(id, HTMLElement).textContent = room;
byId('join', HTMLAnchorElement).href = at(`/r/${encodeURIComponent(room)}`) + location.hash;
byId('mute', HTMLButtonElement).addEventListener('click', mute);
byId('leave', HTMLButtonElement).addEventListener('click', leave);
byId('full', HTMLButtonElement).addEventListener('click', () => void toggleFullScreen());
byId('retry', HTMLButtonElement).addEventListener('click', () => backoff.now());
byId('again', HTMLButtonElement).addEventListener('click', () => location.reload());
shortcuts({ m: mute, f: () => void toggleFullScreen() });
addEventListener('online', () => backoff.now());
addEventListener('pagehide', stop);
setInterval(() => {
  showSource();
  showSound();
}, 1_000);
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload();
});

if (isRoom(room)) {
  phase('connecting');
  banner('Connecting…', { busy: true });
  void watch();
} else {
  phase('refused');
  banner('');
  showCard({ title: 'There is no such room', text: roomRule });
}
