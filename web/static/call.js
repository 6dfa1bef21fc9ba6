// The call page. It shows the lobby, and the call once this tab has entered. Connection, control
// channel and media are those of the SDK (see sdk/).
//
// For debugging and tests, window.tilemix has the RTCPeerConnection (pc) and the
// WebSocket (ws) of the current connection and the state of the call (see
// session.js); the phase is also on <body data-phase="…">.

import { Devices } from '../sdk/devices.js';
import { LocalMedia } from '../sdk/localMedia.js';
import { Session, newState } from '../sdk/session.js';
import { Alone } from './alone.js';
import { countAudience } from './audience.js';
import { Broadcast } from './broadcast.js';
import { Chat } from './chat.js';
import { loadChoices, saveChoices } from './choices.js';
import { Consistency } from './consistency.js';
import { showDevices, showLocal, wire } from './controls.js';
import { access } from './credentials.js';
import { at, byId } from './dom.js';
import { Embed, awaitJoin, dress, embedded } from './embed.js';
import { enter, enteredAs, offeredName, quit } from './entry.js';
import { Hand } from './hand.js';
import { Hosts } from './hosts.js';
import { translate } from './language.js';
import { LayoutButton } from './layoutButton.js';
import { Lobby } from './lobby.js';
import { Microphone } from './microphone.js';
import { Moderated } from './moderated.js';
import { News, showWatching } from './news.js';
import { showCard } from './overlay.js';
import { Panel } from './panel.js';
import { enterPIN, showPhase } from './phases.js';
import { Player } from './player.js';
import { Queue } from './queue.js';
import { Recordings } from './recordings.js';
import { Rename } from './rename.js';
import { isRoom, roomOf, roomRule } from './room.js';
import { ScreenShare } from './screen.js';
import { Settings } from './settings.js';
import { shortcuts } from './shortcuts.js';
import { Signals } from './signals.js';
import { answerTabs, askTabs } from './tabs.js';
import { TileMenu } from './tileMenu.js';
import { Tiles } from './tiles.js';
import { chatRead, toast } from './toasts.js';
import { Views } from './views.js';

/** @typedef {import('../sdk/session.js').State} State */

const little = 300_000; // bits a second for one who saves data
const room = roomOf(location.pathname);
const offered = offeredName();
const name = enteredAs(room);
document.title = `${room} · tilemix`;
void translate();

if (embedded) dress();
if (!isRoom(room)) refuseRoom();
else if (name) void startCall(name);
else askName(offered);

// A page that the browser restores from its back-forward cache has lost its call.
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload();
});

/**
 * Shows that this browser has no WebRTC, and where the call can be seen.
 *
 * @param {State} state
 */
function refuseBrowser(state) {
  byId('bar', HTMLElement).hidden = true;
  document.body.dataset.phase = 'refused';
  byId('status', HTMLElement).hidden = true;
  showCard({ title: 'This browser cannot join a call', text: 'It has no WebRTC, or a setting switches WebRTC off. The viewer page works without it if the call is broadcast.' });
  const home = byId('home', HTMLAnchorElement);
  home.href = at(`/watch/${encodeURIComponent(state.room)}`) + location.hash;
  home.textContent = 'Watch the call';
}

/** Shows that no room can have this name. */
function refuseRoom() {
  byId('call', HTMLElement).hidden = false;
  byId('bar', HTMLElement).hidden = true;
  document.body.dataset.phase = 'refused';
  document.title = 'tilemix';
  showCard({ title: 'There is no such room', text: roomRule });
}

/**
 * Shows the lobby, and the call after it.
 *
 * @param {string} suggested name, '' for the last one
 */
function askName(suggested) {
  const root = byId('lobby', HTMLElement);
  root.hidden = false;
  document.body.classList.remove('in-call');
  const lobby = new Lobby(root, {
    room, name: suggested, fixed: true,
    join(_, chosen) {
      enter(room, chosen);
      lobby.close();
      location.reload();
    },
  });
  shortcuts({ m: () => void lobby.toggleMicrophone(), v: () => void lobby.toggleCamera() });
  void lobby.start();
  if (embedded) {
    awaitJoin((chosen, on) => {
      lobby.close();
      document.body.classList.add('in-call');
      void startCall(chosen, { cameraOff: !on.camera, microphoneOff: !on.microphone });
    });
  }
  askTabs(room, () => {
    byId('lobby-text', HTMLElement).textContent = 'You are in this call in another tab. With both open, the others hear you twice.';
  });
}

/**
 * @param {string} ownName
 * @param {{cameraOff?: boolean, microphoneOff?: boolean}} [chosen] instead of what this browser remembers
 */
async function startCall(ownName, chosen = {}) {
  byId('call', HTMLElement).hidden = false;
  const choices = { ...loadChoices(), ...chosen };
  const state = newState(room, ownName, { audioOff: choices.microphoneOff, videoOff: choices.cameraOff });
  showRoom(state);
  const devices = new Devices();
  devices.wanted = { audio: choices.microphone, video: choices.camera };
  devices.sound = choices.sound;
  const player = new Player(byId('mix', HTMLVideoElement), byId('hear', HTMLButtonElement));
  const recordings = new Recordings(() => state.room);
  const broadcast = new Broadcast(() => state.room);
  byId('broadcast', HTMLElement).addEventListener('click', () => void broadcast.toggle());
  const panel = new Panel((tab) => {
    if (tab === 'chat') chat.read();
    if (tab === 'chat') chatRead();
    if (tab === 'settings') void showDevices(devices);
  });
  const chat = new Chat(state, (message) => session.send(message));
  const news = new News(state, chat, panel);

  const session = new Session(state, devices, {
    mix: (stream) => void player.show(stream),
    phase: () => {
      showPhase(state, player);
      embed?.follow();
      share.follow();
      tiles.show();
      alone.show();
      views.settle();
      if (state.phase === 'connected') enter(state.room, state.name);
      saveData(state, session);
      if (state.phase === 'connected') chat.online();
      else chat.offline();
      if (['left', 'refused', 'removed'].includes(state.phase)) quit(state.room);
      if ((state.phase === 'left' || state.phase === 'removed') && state.rights.includes('record')) recordings.list().catch(() => {});
      if (state.phase === 'left' || state.phase === 'removed') release();
      if (state.phase === 'refused') void enterPIN(state, session).then((again) => again || release());
    },
    message: (message) => {
      if (message.type === 'recordings') recordings.show(message.recordings ?? []);
      else if (message.type === 'broadcast') broadcast.show(message.active);
      else if (message.type === 'welcome' || message.type === 'moved') { // the server sends the list again
        if (message.type === 'moved') showRoom(state);
        recordings.show([], true);
        broadcast.show(false, true);
      }
      else if (message.type === 'waiting' || message.type === 'admitted') {
        showPhase(state, player);
        saveData(state, session);
        embed?.follow();
      }
      moderated.show(message);
      queue.show(message);
      if (message.type === 'welcome' || message.type === 'standing' || message.type === 'moved') {
        hosts.show();
        share.follow();
      }
      embed?.show(message);
      rename.show(message);
      hand.show(message);
      signals.show(message);
      if (!views.show(message)) news.show(message);
      tiles.hear(message);
      layouts.show(message);
      alone.show();
    },
  }, access);
  const local = new LocalMedia(devices, state, {
    replace: async (kind, track) => session.link?.replace(kind, track),
    chose: saveChoices,
    say: (text, warning) => toast(text, warning ? 'warning' : 'note'),
    changed() {
      session.sendMute();
      void player.retry(); // an open microphone lets the page make a sound
      showLocal(state);
      tiles.own.use(state.videoOff ? null : devices.tracks.video);
      tiles.show();
      microphone.watch(devices.tracks.audio);
      if (panel.open === 'settings') void showDevices(devices);
    },
  });
  const release = () => {
    microphone.close();
    local.close();
  };
  const moderated = new Moderated(state, local);
  const rename = new Rename(state, (message) => session.send(message));
  countAudience(() => (panel.open === 'people' && state.phase === 'connected' ? state.room : ''), showWatching);
  const hosts = new Hosts(state, (message) => session.send(message));
  const queue = new Queue(state, (message) => session.send(message));
  const views = new Views(state, (message) => session.send(message));
  const tiles = new Tiles(state, player.video, { pin: (tile) => views.toggle(tile), menu: (tile, beside) => void menus.open(tile, beside) });
  const layouts = new LayoutButton(state, views, (message) => session.send(message), () => tiles.show());
  const menus = new TileMenu(state, views, hosts, () => tiles);
  const hand = new Hand(state, (message) => session.send(message));
  const share = new ScreenShare(session);
  const microphone = new Microphone(state, local);
  const embed = embedded ? new Embed({ session, local, share: share.share, leave: () => byId('leave', HTMLElement).click() }) : null;
  const signals = new Signals(state);
  const alone = new Alone(state);
  new Settings(player, devices, local, session);
  new Consistency(state, devices, session);
  answerTabs(room, () => ['connected', 'stalled', 'reconnecting'].includes(state.phase));
  expose(state, session);
  wire(state, session, local, devices, player, panel, recordings);
  showLocal(state);
  showPhase(state, player);

  // Browsers let a page with an open microphone play sound without a click, so the page
  // opens the microphone first. It joins after 1.5 s without an answer to the browser's prompt.
  if (typeof RTCPeerConnection === 'undefined') return refuseBrowser(state);
  await Promise.race([local.open(), new Promise((done) => setTimeout(done, 1500))]);
  if (state.phase === 'connecting') session.join();
}

/**
 * Asks for a small picture where the user saves data. A lobby refuses it.
 *
 * @param {State} state
 * @param {Session} session
 */
function saveData({ phase, waiting }, session) {
  if (phase === 'connected' && !waiting && access.receive === 'low') session.send({ type: 'receive', maxBitrate: little });
}

/**
 * Shows in which room the page is. Its address is that of the room, so that a reload returns there.
 *
 * @param {State} state
 */
function showRoom({ room: here, name: self }) {
  document.title = `${here} · tilemix`;
  for (const id of ['title', 'room-name']) byId(id, HTMLElement).textContent = here;
  if (roomOf(location.pathname) === here) return;
  quit(roomOf(location.pathname));
  history.replaceState(null, '', at(`/r/${here}`) + location.search + location.hash);
  enter(here, self);
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
