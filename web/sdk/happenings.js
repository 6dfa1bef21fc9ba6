// What a program is told of the server's messages.

/** @typedef {import('./session.js').State} State */

/**
 * The participants as a program sees them.
 *
 * @param {State} state
 */
export function listOf({ participants, id }) {
  return participants.map(({ id: own, name, audioMuted, videoMuted, speaking, hand = 0, line, role, screen = false, spotlight = false }) =>
    ({ id: own, name, audio: !audioMuted, video: !videoMuted, hand, speaking, screen, spotlight, line, role: role ?? 'participant', you: own === id }));
}

/**
 * The event of a message, and its detail. The name is '' where there is none.
 *
 * @param {import('./protocol.js').ServerMessage} m
 * @param {State} state that the message has changed
 * @returns {[name: string, detail?: any]}
 */
export function eventOf(m, state) {
  switch (m.type) {
    case 'participants':
      return ['participants', listOf(state)];
    case 'speaking':
      return ['speaking', m.ids ?? []];
    case 'recordings':
      return ['recording', (m.recordings ?? []).some((r) => r.state === 'recording' || r.state === 'paused')];
    case 'broadcast':
      return ['broadcast', m.active];
    case 'error':
    case 'welcome':
      return [''];
    default:
      return [m.type, m];
  }
}

/**
 * The state of a call as a program has it.
 *
 * @param {State} state
 * @returns {'connecting' | 'waiting' | 'in' | 'reconnecting' | 'left'}
 */
export function phaseOf({ phase, waiting }) {
  switch (phase) {
    case 'connected':
      return waiting ? 'waiting' : 'in';
    case 'stalled':
      return 'reconnecting';
    case 'connecting':
    case 'reconnecting':
      return phase;
    default:
      return 'left';
  }
}

/**
 * How a call ended.
 *
 * @param {State} state
 */
export function endOf({ phase, removed, code, problem }) {
  return { code: removed?.code || code || (phase === 'left' ? 'left' : 'closed'), reason: removed?.reason ?? problem };
}
