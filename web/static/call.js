// The call page. It shows the lobby when the address has no name, then the call.
//
// For debugging and tests, window.tilemix has the RTCPeerConnection (pc) and the
// WebSocket (ws) of the current connection and the state of the call (see
// session.js); the phase is also on <body data-phase="…">.

import { Broadcast } from './broadcast.js';
import { Chat } from './chat.js';
import { loadChoices } from './choices.js';
import { Devices, listDevices } from './devices.js';
import { announce, at, byId, showHeld, showToggle } from './dom.js';
import { Hand } from './hand.js';
import { Hosts } from './hosts.js';
import { Lobby } from './lobby.js';
import { LocalMedia } from './localMedia.js';
import { Moderated } from './moderated.js';
import { News } from './news.js';
import { banner, nameAt, showCard } from './overlay.js';
import { Panel } from './panel.js';
import { Player } from './player.js';
import { Queue } from './queue.js';
import { Recordings } from './recordings.js';
import { askPIN, pinCodes, refused, removed } from './refusals.js';
import { isRoom, roomOf, roomRule } from './room.js';
import { Session } from './session.js';
import { shortcuts, toggleFullScreen } from './shortcuts.js';
import { copy, toast } from './toasts.js';

/** @typedef {import('./session.js').State} State */

const room = roomOf(location.pathname);
const name = new URLSearchParams(location.search).get('name')?.trim() ?? '';
document.title = `${room} · tilemix`;

if (!isRoom(room)) refuseRoom();
else if (name) void startCall(name);
else askName();

// A page that the browser restores from its back-forward cache has lost its call.
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload();
});

/** Shows that no room can have this name. */
function refuseRoom() {
  byId('call', HTMLElement).hidden = false;
  byId('bar', HTMLElement).hidden = true;
  document.body.dataset.phase = 'refused';
  document.title = 'tilemix';
  showCard({ title: 'There is no such room', text: roomRule });
}

/** Shows the lobby, and the call after it. */
function askName() {
  const root = byId('lobby', HTMLElement);
  root.hidden = false;
  document.body.classList.remove('in-call');
  const lobby = new Lobby(root, {
    room, name: '', fixed: true,
    join(_, chosen) {
      // With the name in the address, a reload returns to the call.
      const query = new URLSearchParams(location.search);
      query.set('name', chosen);
      history.replaceState(null, '', `${location.pathname}?${query}${location.hash}`);
      lobby.close();
      location.reload();
    },
  });
  shortcuts({ m: () => void lobby.toggleMicrophone(), v: () => void lobby.toggleCamera() });
  void lobby.start();
}

/** @param {string} ownName */
async function startCall(ownName) {
  byId('call', HTMLElement).hidden = false;
  const choices = loadChoices();
  /** @type {State} */
  const state = {
    phase: 'connecting', problem: '', soundOnly: false, id: '', room, name: ownName,
    audioOff: choices.microphoneOff, videoOff: choices.cameraOff,
    waiting: 0, participants: [], layout: null, uplink: null, rendition: null,
    code: '', held: { audio: '', video: '' }, rights: [], locked: false, removed: null,
  };
  showRoom(room);
  const devices = new Devices();
  devices.wanted = { audio: choices.microphone, video: choices.camera };
  const player = new Player(byId('mix', HTMLVideoElement), byId('hear', HTMLButtonElement));
  const recordings = new Recordings(() => state.room);
  const broadcast = new Broadcast(() => state.room);
  byId('broadcast', HTMLElement).addEventListener('click', () => void broadcast.toggle());
  const panel = new Panel((tab) => {
    if (tab === 'chat') chat.read();
    if (tab === 'settings') void showDevices(devices);
  });
  const chat = new Chat((text) => session.send({ type: 'chat', text }));
  const news = new News(state, chat, panel);

  const session = new Session(state, devices, {
    mix: (stream) => void player.show(stream),
    phase: () => {
      showPhase(state, player);
      if (state.phase === 'removed') local.close();
      if (state.phase === 'refused') void enterPIN(state, session);
    },
    message: (message) => {
      if (message.type === 'recordings') recordings.show(message.recordings ?? []);
      else if (message.type === 'broadcast') broadcast.show(message.active);
      else if (message.type === 'welcome' || message.type === 'moved') { // the server sends the list again
        if (message.type === 'moved') showRoom(state.room);
        recordings.show([], true);
        broadcast.show(false, true);
      }
      else if (message.type === 'waiting' || message.type === 'admitted') showPhase(state, player);
      moderated.show(message);
      if (message.type === 'welcome' || message.type === 'standing' || message.type === 'moved') {
        hosts.show();
        queue.show();
      }
      if (message.type === 'participants') hand.show();
      news.show(message);
    },
  });
  const local = new LocalMedia(devices, state, {
    replace: async (kind, track) => session.link?.replace(kind, track),
    say: (text, warning) => toast(text, warning ? 'warning' : 'note'),
    changed() {
      session.sendMute();
      void player.retry(); // an open microphone lets the page make a sound
      showLocal(state);
      if (panel.open === 'settings') void showDevices(devices);
    },
  });
  const moderated = new Moderated(state, local);
  const hosts = new Hosts(state, (message) => session.send(message));
  const queue = new Queue(state);
  const hand = new Hand(state, (message) => session.send(message));
  expose(state, session);
  wire(state, session, local, devices, player, panel, recordings);
  showLocal(state);
  showPhase(state, player);

  // Browsers let a page with an open microphone play sound without a click, so the page
  // opens the microphone first. It joins after 1.5 s without an answer to the browser's prompt.
  await Promise.race([local.open(), new Promise((done) => setTimeout(done, 1500))]);
  if (state.phase === 'connecting') session.join();
}

/**
 * Shows in which room the page is. Its address is that of the room, so that a reload returns there.
 *
 * @param {string} name
 */
function showRoom(name) {
  document.title = `${name} · tilemix`;
  for (const id of ['title', 'room-name']) byId(id, HTMLElement).textContent = name;
  if (roomOf(location.pathname) !== name) history.replaceState(null, '', at(`/r/${name}`) + location.search + location.hash);
}

/**
 * Shows the call to tests and in the developer tools.
 *
 * @param {State} state
 * @param {Session} session
 */
function expose(state, session) {
  Object.assign(window, {
    tilemix: {
      state,
      get pc() { return session.link?.pc ?? null; },
      get ws() { return session.link?.ws ?? null; },
    },
  });
}

/**
 * Asks for the PIN where the server wants one, and tries again with it.
 *
 * @param {State} state
 * @param {Session} session
 */
async function enterPIN(state, session) {
  if (!pinCodes.includes(state.code) || !(await askPIN(state.code))) return;
  state.phase = 'connecting';
  state.problem = '';
  showCard(null);
  byId('bar', HTMLElement).hidden = false;
  banner('Connecting…', { busy: true });
  session.join();
}

/**
 * @param {State} state
 * @param {Session} session
 * @param {LocalMedia} local
 * @param {Devices} devices
 * @param {Player} player
 * @param {Panel} panel
 * @param {Recordings} recordings
 */
function wire(state, session, local, devices, player, panel, recordings) {
  /** @param {string} id @param {() => void} action */
  const click = (id, action) => byId(id, HTMLElement).addEventListener('click', action);
  const mute = () => void local.toggleMute().then(() => announce(state.audioOff ? 'Microphone muted' : 'Microphone on'));
  const camera = () => void local.toggleCamera().then(() => announce(state.videoOff ? 'Camera off' : 'Camera on'));
  const layout = () => session.send({ type: 'layout', name: state.layout?.name === 'speaker' ? 'grid' : 'speaker' });
  const invite = () => void copy(at(`/r/${state.room}`), 'Invitation link copied');
  const leave = () => {
    session.leave();
    local.close();
    panel.close();
    player.clear();
  };
  click('mute', mute);
  click('camera', camera);
  click('layout', layout);
  click('copy', invite);
  click('invite', invite);
  click('invite-watch', () => void copy(at(`/watch/${state.room}`), 'Viewer link copied'));
  click('leave', leave);
  for (const id of ['record', 'record-too']) click(id, () => void recordings.toggle());
  click('full', () => void toggleFullScreen());
  click('retry', () => session.retry());
  click('again', () => location.reload());
  shortcuts({
    m: mute, v: camera, l: layout, escape: () => panel.close(), f: () => void toggleFullScreen(),
    r: () => void recordings.toggle(), p: () => panel.toggle('people'), c: () => panel.toggle('chat'),
  });

  byId('camera-select', HTMLSelectElement).addEventListener('change', (event) => {
    if (event.target instanceof HTMLSelectElement) void local.choose('video', event.target.value);
  });
  byId('microphone-select', HTMLSelectElement).addEventListener('change', (event) => {
    if (event.target instanceof HTMLSelectElement) void local.choose('audio', event.target.value);
  });
  navigator.mediaDevices?.addEventListener?.('devicechange', () => {
    if (panel.open === 'settings') void showDevices(devices);
  });
  player.video.addEventListener('pointermove', (event) => {
    player.video.title = nameAt(player.video, state.layout, state.participants, event);
  });
  addEventListener('online', () => session.networkChanged());
  addEventListener('pagehide', () => session.suspend());
  // A telephone that is turned changes the shape of its picture.
  screen.orientation?.addEventListener?.('change', () => void session.link?.uplink?.apply());
}

/** @param {Devices} devices */
async function showDevices(devices) {
  await listDevices(byId('camera-select', HTMLSelectElement), 'video', devices.tracks.video);
  await listDevices(byId('microphone-select', HTMLSelectElement), 'audio', devices.tracks.audio);
}

/** @param {State} state */
function showLocal(state) {
  showToggle('mute', state.audioOff, 'mic', 'Mute', 'Unmute');
  showToggle('camera', state.videoOff, 'camera', 'Camera off', 'Camera on');
  showHeld('mute', state.held.audio);
  showHeld('camera', state.held.video);
}

/**
 * @param {State} state
 * @param {Player} player
 */
function showPhase(state, player) {
  document.body.dataset.phase = state.phase;
  const { phase, problem } = state;
  byId('bar', HTMLElement).hidden = phase === 'left' || phase === 'refused' || phase === 'removed';
  if (phase === 'reconnecting') player.freeze();
  byId('mix', HTMLVideoElement).classList.toggle('stale', phase === 'stalled' || phase === 'reconnecting');
  if (phase === 'connected') {
    if (state.waiting > 0) banner(`You wait to be let in. You are number ${state.waiting} in the queue.`, { busy: true });
    else banner(state.soundOnly ? 'This browser has neither H.264 nor VP8 video. You can hear and speak, but you cannot see the others, and they cannot see you.' : '');
    showCard(null);
    void keepAwake();
  } else if (phase === 'left') {
    banner('');
    showCard({ title: 'You left the call', text: `The others in ${state.room} can go on without you.`, again: 'Join again' });
  } else if (phase === 'refused' || phase === 'removed') {
    banner('');
    player.clear();
    byId('panel', HTMLElement).hidden = true;
    byId('asked', HTMLElement).hidden = true;
    showCard(state.removed ? removed(state.removed) : refused('You could not join', state.code, problem));
  } else {
    banner(problem || 'Connecting…', { busy: true, retry: Boolean(problem) && phase !== 'stalled' });
  }
}

/** Keeps a telephone's screen on during the call, if the browser allows it. */
async function keepAwake() {
  try {
    await navigator.wakeLock?.request('screen');
  } catch {
    // Not allowed now, for example on low battery.
  }
}
