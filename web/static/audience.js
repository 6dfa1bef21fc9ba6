// Counts the participants and viewers of a call.

import { headers } from './credentials.js';
import { at } from './dom.js';

const interval = 10_000; // ms
const soon = 3_000; // ms, while nobody is in the call

/**
 * @typedef {{name: string, participants: number, viewers: number}} RoomInfo
 */

/**
 * Counts the participants and viewers of a room every 10 s, as long as the page is open.
 *
 * @param {() => string} room '' while the page shows no number
 * @param {(info: RoomInfo | null) => void} show gets null when the server does not answer
 */
export function countAudience(room, show) {
  let wait = 1_000; // with this viewer in it
  const count = async () => {
    if (document.visibilityState === 'visible' && room()) {
      const info = await ask(room());
      show(info);
      wait = info?.participants === 0 ? soon : interval;
    } else {
      wait = soon;
    }
    setTimeout(() => void count(), wait);
  };
  setTimeout(() => void count(), wait);
}

/**
 * @param {RoomInfo | null} info
 * @returns {string} '' for null
 */
export function audienceText(info) {
  return info ? `${info.participants} in the call, ${info.viewers} watching` : '';
}

/**
 * @param {string} room
 * @returns {Promise<RoomInfo | null>}
 */
async function ask(room) {
  try {
    const response = await fetch(at(`/api/v1/rooms/${encodeURIComponent(room)}`), { headers: headers() });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}
