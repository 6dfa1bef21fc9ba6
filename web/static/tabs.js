// Tells the tabs of this browser of each other: two of them in one call echo.

/** @param {string} room */
const channelOf = (room) => (typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(`tilemix.${room}`));

/**
 * Answers other tabs that this one is in the call.
 *
 * @param {string} room
 * @param {() => boolean} inside whether it is so now
 */
export function answerTabs(room, inside) {
  const channel = channelOf(room);
  channel?.addEventListener('message', ({ data }) => {
    if (data === 'who' && inside()) channel.postMessage('here');
  });
}

/**
 * Asks whether another tab is in the call of a room.
 *
 * @param {string} room
 * @param {() => void} found
 */
export function askTabs(room, found) {
  const channel = channelOf(room);
  channel?.addEventListener('message', ({ data }) => data === 'here' && found());
  channel?.postMessage('who');
}
