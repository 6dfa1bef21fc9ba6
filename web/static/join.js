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
void lobby.start();
