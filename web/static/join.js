// The join page: asks for room and name, then goes to the call.

import { at, byId } from './dom.js';
import { enter } from './entry.js';
import { translate } from './language.js';
import { Lobby } from './lobby.js';
import { toRoom } from './room.js';
import { shortcuts } from './shortcuts.js';

const query = new URLSearchParams(location.search);

const lobby = new Lobby(byId('lobby', HTMLElement), {
  room: toRoom(query.get('room') ?? ''),
  name: query.get('name') ?? '',
  fixed: false,
  join(room, name) {
    enter(room, name);
    location.assign(at(`/r/${room}`));
  },
});

shortcuts({
  m: () => void lobby.toggleMicrophone(),
  v: () => void lobby.toggleCamera(),
});

// A page that the browser restores from its back-forward cache has lost its devices.
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload();
});

void translate();
void begin();

/**
 * Starts camera and microphone: at once where the browser need not ask for them, and where it must, with the first
 * thing that the user does.
 */
async function begin() {
  if (!(await allowed())) {
    byId('preview-note', HTMLElement).textContent = 'Your camera is off';
    await new Promise((done) => ['pointerdown', 'keydown'].forEach((type) => addEventListener(type, done, { once: true })));
  }
  await lobby.start();
}

/** Whether the browser gives camera and microphone without a question. */
async function allowed() {
  try {
    const all = await Promise.all(['camera', 'microphone'].map((name) => navigator.permissions.query({ name: /** @type {PermissionName} */ (name) })));
    return all.every(({ state }) => state === 'granted');
  } catch {
    return false; // a browser that does not say it
  }
}
