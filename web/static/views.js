// What this participant chooses to see: pinned participants have large tiles.

import { announce } from './dom.js';
import { loadChoices } from './choices.js';
import { tileAt } from './overlay.js';
import { letter } from './shortcuts.js';

/** The most that a view pins. */
const maxPins = 9;

/**
 * The pins after one more wish about a participant: pinned last, or pinned no more.
 *
 * @param {string[]} pins
 * @param {string} id
 */
export function toggled(pins, id) {
  return pins.includes(id) ? pins.filter((p) => p !== id) : [...pins, id].slice(-maxPins);
}

/** Pins the participant whose tile is clicked, or whose number is pressed, and unpins it again. */
export class Views {
  /**
   * @param {import('../sdk/session.js').State} state
   * @param {(message: import('../sdk/protocol.js').ClientMessage) => void} send
   * @param {HTMLVideoElement} video
   */
  constructor(state, send, video) {
    this.state = state;
    this.send = send;
    video.addEventListener('click', (event) => this.toggle(tileAt(video, state.layout, event)));
    addEventListener('keydown', (event) => this.#press(event));
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || loadChoices().keysOff) return;
    if (event.target instanceof Element && event.target.matches('input, textarea, select')) return;
    const key = letter(event);
    if (key === '0') this.clear();
    else if (/^[1-9]$/.test(key)) this.toggle(this.state.layout?.tiles[Number(key) - 1]);
  }

  /** @param {import('../sdk/protocol.js').Tile | undefined} tile */
  toggle(tile) {
    if (!tile || tile.screen) return;
    const now = this.state.layout?.view ?? {};
    const pin = toggled(now.pin ?? [], tile.id);
    this.send({ type: 'view', ...now, pin });
    const name = this.state.participants.find((p) => p.id === tile.id)?.name ?? '';
    announce(pin.includes(tile.id) ? `${name} pinned` : `${name} unpinned`);
  }

  /** Goes back to the room's view. */
  clear() {
    if (!this.state.layout?.view) return;
    this.send({ type: 'view' });
    announce('View of the room');
  }
}
