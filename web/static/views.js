// What this participant chooses to see: pinned participants have large tiles.

import { announce } from './dom.js';
import { loadChoices, saveChoices } from './choices.js';
import { letter } from './shortcuts.js';

/** @typedef {import('../sdk/protocol.js').Wish} Wish */

/** The most that a view pins. */
const maxPins = 9;

/** How long the answer to a wish may take, ms. Until then the next wish builds on it. */
const answerTime = 1000;

/** A server that was too busy takes no view for 10 s. The page wishes an upright picture again after a longer pause each time, ms. */
const firstPause = 15_000;
const lastPause = 240_000;

/** The picture of a device that is held upright. */
const uprightCanvas = '720x1280';

/** Whether this is a telephone or a tablet that is held upright. */
export function upright() {
  if (!matchMedia('(pointer: coarse)').matches) return false;
  const type = screen.orientation?.type; // a keyboard on the screen does not change it
  return type ? type.startsWith('portrait') : matchMedia('(orientation: portrait)').matches;
}

/**
 * The pins after one more wish about a participant: pinned last, or pinned no more.
 *
 * @param {string[]} pins
 * @param {string} id
 */
export function toggled(pins, id) {
  return pins.includes(id) ? pins.filter((p) => p !== id) : [...pins, id].slice(-maxPins);
}

/**
 * The view that the server last described, as a wish of this participant.
 *
 * @param {import('../sdk/session.js').State} state
 * @returns {Wish}
 */
function had({ layout, id }) {
  const view = { ...layout?.view };
  if (view.hide?.includes(id)) {
    view.hide = view.hide.filter((hidden) => hidden !== id);
    view.self = 'leave-out';
  }
  if (layout && `${layout.width}x${layout.height}` === uprightCanvas) view.canvas = uprightCanvas;
  return view;
}

/** The view that the page wishes, and the keys for it. */
export class Views {
  /** @type {{wish: Wish, at: number, byItself: boolean} | null} what was sent and is not answered yet */
  #sent = null;
  /** Whether the server has refused an upright picture, or was too busy for it. */
  #flat = false;
  /** After how long it is wished again, ms: sooner when the device is turned. */
  #pause = firstPause;
  #again = 0; // timer
  /** Whether nobody asked for the view that the server last got a wish for. */
  #byItself = false;

  /**
   * @param {import('../sdk/session.js').State} state
   * @param {(message: import('../sdk/protocol.js').ClientMessage) => void} send
   */
  constructor(state, send) {
    this.state = state;
    this.send = send;
    addEventListener('keydown', (event) => this.#press(event));
    const turned = () => this.#retry();
    if (screen.orientation?.addEventListener) screen.orientation.addEventListener('change', turned);
    else matchMedia('(orientation: portrait)').addEventListener?.('change', turned);
  }

  /** The view that this participant has, or will have when the server has answered. */
  get wish() {
    const waits = this.#sent && performance.now() - this.#sent.at < answerTime;
    return waits && this.#sent ? this.#sent.wish : had(this.state);
  }

  /** Whether this participant may choose. A server without roles names no rights. */
  get free() {
    const { rights } = this.state;
    return rights.length === 0 || rights.includes('view.own');
  }

  /**
   * Wishes another view.
   *
   * @param {Partial<Wish>} change of the view that there is
   */
  change(change) {
    this.choose({ ...this.wish, follow: '', ...change });
  }

  /**
   * Wishes a view, and nothing of the one that there is but what this device always wishes.
   *
   * @param {Wish} wish
   * @param {boolean} [byItself] whether nobody has asked for it
   */
  choose(wish, byItself = false) {
    const all = Object.entries({ ...wish, ...this.#standing });
    const kept = Object.fromEntries(all.filter(([, value]) => (Array.isArray(value) ? value.length : value)));
    this.#sent = { wish: kept, at: performance.now(), byItself };
    this.#byItself = byItself;
    this.send({ type: 'view', ...kept });
  }

  /** What this device wishes of each view. @returns {Pick<Wish, 'canvas' | 'self'>} */
  get #standing() {
    const { self, receive } = loadChoices();
    const tall = upright() && !this.#flat && receive !== 'sound';
    return { self: self === 'leave-out' ? self : '', canvas: tall ? uprightCanvas : '' };
  }

  /** Wishes what this device always wishes, where the view has it not. */
  settle() {
    if (this.state.phase !== 'connected' || this.state.waiting || !this.free) return;
    const { self = '', canvas = '', follow } = this.wish;
    if (follow) return; // a host may have chosen it
    const standing = this.#standing;
    if (self !== standing.self || canvas !== standing.canvas) this.choose(this.wish, true);
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || loadChoices().keysOff) return;
    if (event.target instanceof Element && event.target.matches('input, textarea, select')) return;
    const key = letter(event);
    if (key === '0') this.clear();
    else if (/^[1-9]$/.test(key)) this.toggle(this.state.layout?.tiles[Number(key) - 1]);
  }

  /**
   * Pins the participant of a tile, or ends it.
   *
   * @param {import('../sdk/protocol.js').Tile | undefined} tile
   */
  toggle(tile) {
    if (!tile || tile.screen || !this.free) return;
    const pin = toggled(this.wish.pin ?? [], tile.id);
    this.change({ pin });
    const name = this.state.participants.find((p) => p.id === tile.id)?.name ?? '';
    announce(pin.includes(tile.id) ? `${name} pinned` : `${name} unpinned`);
  }

  /**
   * Takes note of the server's answer.
   *
   * @param {import('../sdk/protocol.js').ServerMessage} message
   * @returns {boolean} whether it is an answer to what nobody has asked for, and so no news
   */
  show(message) {
    const sent = this.#sent;
    if (message.type === 'layout' || message.type === 'error' || message.type === 'welcome') this.#sent = null;
    if (message.type === 'layout' || message.type === 'admitted') this.settle();
    if (message.type !== 'error') return false;
    if (!sent) { // the server may take a view away that it had granted
      if (message.code !== 'view_limit') return false;
      if (this.#standing.canvas) this.#rest();
      return this.#byItself;
    }
    if (message.code === 'view_limit' || message.code === 'forbidden') {
      if (sent.wish.self) saveChoices({ self: 'cover' });
      if (sent.wish.canvas) this.#rest();
    }
    return sent.byItself;
  }

  /** Wishes no upright picture for a while. */
  #rest() {
    this.#flat = true;
    clearTimeout(this.#again);
    this.#again = setTimeout(() => this.#retry(), this.#pause);
    this.#pause = Math.min(2 * this.#pause, lastPause);
  }

  #retry() {
    clearTimeout(this.#again);
    this.#flat = false;
    this.settle();
  }

  /** Goes back to the room's view. */
  clear() {
    if (!this.state.layout?.view) return;
    this.choose({});
    announce('View of the room');
  }
}
