// What a client knows of its call, by the messages of the server.

/**
 * The state of a call that a client is about to join.
 *
 * @param {string} room
 * @param {string} name
 * @param {{audioOff: boolean, videoOff: boolean}} off
 * @returns {import('./session.js').State}
 */
export function newState(room, name, off) {
  return {
    phase: 'connecting', problem: '', soundOnly: false, id: '', room, name, ...off,
    waiting: 0, participants: [], layout: null, uplink: null, rendition: null,
    code: '', held: { audio: '', video: '' }, role: '', rights: [], locked: false, removed: null,
  };
}

/**
 * Takes over what a message says. Messages about the connection itself are the session's.
 *
 * @param {import('./session.js').State} state changed in place
 * @param {import('./protocol.js').ServerMessage} message
 */
export function note(state, message) {
  switch (message.type) {
    case 'waiting':
      state.waiting = message.position;
      state.participants = [];
      state.layout = null;
      break;
    case 'admitted':
      state.waiting = 0;
      state.rendition = null;
      break;
    case 'participants':
      state.participants = message.participants ?? [];
      break;
    case 'standing':
      state.role = message.role ?? '';
      state.rights = message.rights ?? [];
      break;
    case 'speaking': {
      const ids = message.ids ?? [];
      for (const p of state.participants) p.speaking = ids.includes(p.id);
      break;
    }
    case 'layout':
      state.layout = message;
      break;
    case 'uplink':
      state.uplink = message;
      break;
    case 'rendition':
      state.rendition = message;
      break;
  }
}

/**
 * What the user is told of a connection that was lost.
 *
 * @param {import('./link.js').Loss} loss
 * @param {boolean} been whether media has arrived at least once
 * @param {number} tries failures in a row
 */
export function lossText(loss, been, tries) {
  const often = tries > 2;
  if (!navigator.onLine) return 'You are offline. Waiting for the network…';
  if (loss === 'media' && (often || !been)) {
    return 'Video and audio do not arrive. A firewall may block UDP. Trying again…';
  }
  if (loss !== 'media' && (often || !been)) return 'The server does not answer. Trying again…';
  return 'Connection lost, reconnecting…';
}
