// Notices when the server's list contradicts what this page sends: a camera or microphone that
// is on here and off there. The others then see or hear nothing, and no error says so.

import { toast } from './toasts.js';

/**
 * @typedef {import('../sdk/devices.js').Devices} Devices
 * @typedef {import('../sdk/devices.js').Kind} Kind
 * @typedef {import('../sdk/session.js').Session} Session
 * @typedef {import('../sdk/session.js').State} State
 */

const interval = 2_000; // ms between two looks
const rejoins = 2; // a page, before it only says so

/** Tells the server again after one look, connects anew after two, and says so. */
export class Consistency {
  #seen = 0; // looks in a row with the same contradiction
  #what = '';
  #rejoined = 0;

  /**
   * @param {State} state
   * @param {Devices} devices
   * @param {Session} session
   */
  constructor(state, devices, session) {
    this.state = state;
    this.devices = devices;
    this.session = session;
    setInterval(() => this.look(), interval);
  }

  look() {
    const what = contradiction(this.state, this.devices.tracks);
    this.#seen = what && what === this.#what ? this.#seen + 1 : Number(what !== '');
    this.#what = what;
    if (this.#seen === 2) this.session.sendMute();
    if (this.#seen === 3) this.#rejoin(what);
  }

  /** @param {string} what */
  #rejoin(what) {
    console.warn(`tilemix: the server lists the ${what} of ${this.state.id} as off, but it is on`);
    if (this.#rejoined++ < rejoins) {
      this.session.join();
      toast(`The server did not show your ${what}. The page has connected again.`, 'warning');
    } else {
      toast(`The others do not get your ${what}, although it is on. Switch it off and on, or load this page again.`, 'warning');
    }
  }
}

/**
 * What is on here and off in the server's list, '' for nothing.
 *
 * @param {State} state
 * @param {Record<Kind, MediaStreamTrack | null>} tracks
 * @returns {'' | 'camera' | 'microphone'}
 */
export function contradiction(state, tracks) {
  const own = state.participants.find((p) => p.id === state.id);
  if (state.phase !== 'connected' || state.waiting || !own) return '';
  /** @param {MediaStreamTrack | null} track */
  const live = (track) => track?.readyState === 'live' && !track.muted;
  if (!state.videoOff && !state.soundOnly && live(tracks.video) && own.videoMuted) return 'camera';
  if (!state.audioOff && live(tracks.audio) && own.audioMuted) return 'microphone';
  return '';
}
