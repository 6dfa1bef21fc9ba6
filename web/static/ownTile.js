// This participant's own camera, laid over its own tile: mirrored, at once, and without a further
// picture from the server.

import { loadChoices } from './choices.js';
import { icon, initials, make } from './dom.js';
import { pictureOf } from './reactions.js';

/**
 * @typedef {import('../sdk/protocol.js').Tile} Tile
 * @typedef {import('../sdk/session.js').State} State
 */

/** How long a reaction is seen, ms. The server draws it as long. */
const reactionTime = 3000;

/** What lies over one's own tile: the camera, a cover, or nothing. */
export class OwnTile {
  #video = make('video', 'own-video');
  #cover = make('div', 'own-cover');
  #label = make('span', 'own-label');
  #hand = make('span', 'own-hand');
  #reaction = make('span', 'own-reaction');
  #box = make('div', 'own-tile');
  /** @type {MediaStreamTrack | null} */
  #track = null;

  /** @param {State} state */
  constructor(state) {
    this.state = state;
    Object.assign(this.#video, { muted: true, autoplay: true, playsInline: true, disablePictureInPicture: true });
    this.#box.setAttribute('aria-hidden', 'true'); // the list of participants tells the same
    this.#box.translate = false;
    this.#box.append(this.#cover, this.#video, this.#label, this.#hand, this.#reaction);
  }

  /**
   * Takes the camera's track, null while the camera is off. The caller shows the tile again.
   *
   * @param {MediaStreamTrack | null} track
   */
  use(track) {
    if (track === this.#track) return;
    this.#track = track;
    this.#video.srcObject = track ? new MediaStream([track]) : null;
    if (track) void this.#video.play().catch(() => {}); // it plays when it is shown
  }

  /**
   * @param {HTMLElement} parent of the tile
   * @param {Tile} tile
   * @param {number} scale of the picture, in pixels of the page for one of the canvas
   */
  show(parent, tile, scale) {
    const me = this.state.participants.find((p) => p.id === this.state.id);
    const covered = loadChoices().self === 'cover';
    // The server's picture says what the others do not see.
    const unseen = me?.reason && me.reason !== 'no-audio-received';
    const seen = this.#track && !unseen && me?.line !== 'lost' && loadChoices().self === 'overlay';
    if (!me || (!covered && !seen)) return this.hide();
    this.#video.hidden = covered;
    this.#cover.hidden = !covered;
    this.#cover.textContent = covered ? initials(me.name) : '';
    this.#video.style.objectFit = fits(this.#track?.getSettings() ?? {}, tile);
    this.#box.classList.toggle('speaking', me.speaking);
    this.#sign(me);
    // The sizes are those with which the server draws a tile.
    const { width, height } = this.state.layout ?? tile;
    const whole = tile.width === width && tile.height === height;
    const lengths = {
      '--border': tile.height < 100 ? 2 : tile.height < 300 ? 4 : 6,
      '--corner': whole ? 0 : Math.min(Math.max(tile.height / 16, 4), 16),
      '--letter': Math.min(Math.max(8 + tile.height / 38, 9), 28),
      '--reaction': Math.min(Math.max(tile.height / 4, 14), 120),
    };
    for (const [name, length] of Object.entries(lengths)) this.#box.style.setProperty(name, `${length * scale}px`);
    if (this.#box.parentElement === parent) return;
    parent.prepend(this.#box);
    void this.#video.play().catch(() => {}); // a move stops it
  }

  /** @param {import('../sdk/protocol.js').Person} me */
  #sign(me) {
    const text = `${me.name}|${me.audioMuted}|${me.hand}|${me.line}`;
    if (this.#label.dataset.shows === text) return;
    this.#label.dataset.shows = text;
    const name = make('span', '', me.name);
    name.dir = 'auto';
    const weak = icon('weak');
    weak.classList.add('own-weak');
    this.#label.replaceChildren(...(me.audioMuted ? [icon('mic-off')] : []), ...(me.line ? [weak] : []), name);
    this.#hand.replaceChildren(...(me.hand ? [icon('hand'), make('span', '', String(me.hand))] : []));
  }

  /** @param {string} reaction of this participant */
  react(reaction) {
    this.#reaction.textContent = pictureOf(reaction);
    const shown = this.#reaction.cloneNode(true);
    setTimeout(() => this.#reaction.isEqualNode(shown) && this.#reaction.replaceChildren(), reactionTime);
  }

  hide() {
    this.#box.remove();
  }
}

/**
 * How the server fits a camera's picture into a tile: it fills the tile where little is cut off,
 * else it is whole.
 *
 * @param {{width?: number, height?: number}} camera
 * @param {{width: number, height: number}} tile
 * @returns {'cover' | 'contain'}
 */
export function fits({ width = 0, height = 0 }, tile) {
  if (!width || !height) return 'cover';
  const scale = Math.min(tile.width / width, tile.height / height);
  const [x, y] = [width * scale, height * scale];
  const sides = x * 9 <= (y + 1) * 16 * 1.04 ? 0.63 : 0.8; // whole blocks of an encoder count as 16:9
  return x >= 0.73 * tile.width && y >= sides * tile.height ? 'cover' : 'contain';
}
