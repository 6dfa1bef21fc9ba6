// The buttons and keys of the call.

import { listDevices } from './deviceList.js';
import { announce, at, byId, showHeld, showToggle } from './dom.js';
import { enter } from './entry.js';
import { shortcuts, toggleFullScreen } from './shortcuts.js';
import { copy } from './toasts.js';

/**
 * @typedef {import('../sdk/devices.js').Devices} Devices
 * @typedef {import('../sdk/localMedia.js').LocalMedia} LocalMedia
 * @typedef {import('./panel.js').Panel} Panel
 * @typedef {import('./player.js').Player} Player
 * @typedef {import('./recordings.js').Recordings} Recordings
 * @typedef {import('../sdk/session.js').Session} Session
 * @typedef {import('../sdk/session.js').State} State
 */

/**
 * Lets the buttons and keys act.
 *
 * @param {State} state
 * @param {Session} session
 * @param {LocalMedia} local
 * @param {Devices} devices
 * @param {Player} player
 * @param {Panel} panel
 * @param {Recordings} recordings
 */
export function wire(state, session, local, devices, player, panel, recordings) {
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
  for (const id of ['copy', 'alone-invite']) click(id, invite);
  click('invite', invite);
  click('invite-watch', () => void copy(at(`/watch/${state.room}`), 'Viewer link copied'));
  click('leave', leave);
  for (const id of ['record', 'record-too']) click(id, () => void recordings.toggle());
  click('full', () => void toggleFullScreen());
  click('retry', () => session.retry());
  click('again', () => {
    if (state.code !== 'bad_name') enter(state.room, state.name); // another name is asked for in the lobby
    location.reload();
  });
  shortcuts({
    m: mute, v: camera, l: layout, escape: () => panel.close(), f: () => void toggleFullScreen(),
    r: () => void (may(state, 'record') && recordings.toggle(false)), p: () => panel.toggle('people'), c: () => panel.toggle('chat'),
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
  addEventListener('online', () => session.networkChanged());
  addEventListener('pagehide', () => session.suspend());
  // A telephone that is turned changes the shape of its picture.
  screen.orientation?.addEventListener?.('change', () => void session.link?.uplink?.apply());
}

/**
 * Lists the cameras and microphones.
 *
 * @param {Devices} devices
 */
export async function showDevices(devices) {
  await listDevices(byId('camera-select', HTMLSelectElement), 'video', devices.tracks.video);
  await listDevices(byId('microphone-select', HTMLSelectElement), 'audio', devices.tracks.audio);
}

/**
 * Shows which devices are off, and which a host holds off.
 *
 * @param {State} state
 */
export function showLocal(state) {
  showToggle('mute', state.audioOff, 'mic', 'Mute', 'Unmute');
  showToggle('camera', state.videoOff, 'camera', 'Camera off', 'Camera on');
  showHeld('mute', state.held.audio);
  showHeld('camera', state.held.video);
}

/**
 * Whether this participant has a right. A server without roles names none.
 *
 * @param {State} state
 * @param {string} right
 */
export function may({ rights }, right) {
  return rights.length === 0 || rights.includes(right);
}
