// Counts the participants and viewers of a call.

import { headers } from './credentials.js';
import { at } from './dom.js';

const interval = 10_000; // ms

/**
 * @typedef {{name: string, participants: number, viewers: number}} RoomInfo
 */

/**
 * Counts the participants and viewers of a room every 10 s, as long as the page is open.
 *
 * @param {string} room
 * @param {(text: string) => void} show gets the text, '' when the server does not answer
 */
export function countAudience(room, show) {
  const count = async () => {
    if (document.visibilityState === 'visible') show(await ask(room));
  };
  setTimeout(() => void count(), 1_000); // with this viewer in it
  setInterval(() => void count(), interval);
}

/**
 * @param {string} room
 * @returns {Promise<string>}
 */
async function ask(room) {
  try {
    const response = await fetch(at(`/api/v1/rooms/${encodeURIComponent(room)}`), { headers: headers() });
    if (!response.ok) return '';
    /** @type {RoomInfo} */
    const { participants, viewers } = await response.json();
    return `${participants} in the call, ${viewers} watching`;
  } catch {
    return '';
  }
}
