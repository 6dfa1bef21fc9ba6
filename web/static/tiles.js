// The tiles of the picture as buttons that lie over it.

import { byId, icon, make } from './dom.js';
import { faultOf } from './faults.js';
import { OwnTile } from './ownTile.js';

/**
 * @typedef {import('../sdk/protocol.js').Tile} Tile
 * @typedef {import('../sdk/session.js').State} State
 *
 * @typedef {object} TileActs
 * @property {(tile: Tile) => void} pin a tile is clicked
 * @property {(tile: Tile, beside: HTMLElement) => void} menu its menu is wanted
 */

/** The shape of the picture may differ from the layout's by this much, because sizes are rounded. */
const shapeSlack = 0.02;

/** A button on each tile, in the places that the server's layout names. */
export class Tiles {
  #layer = byId('tiles', HTMLElement);
  /** @type {Map<string, {box: HTMLElement, tile: Tile}>} */
  #shown = new Map();
  #moving = 0; // timer
  #current = ''; // of the tile that Tab comes to

  /**
   * @param {State} state
   * @param {HTMLVideoElement} video
   * @param {TileActs} acts
   */
  constructor(state, video, acts) {
    this.state = state;
    this.video = video;
    this.acts = acts;
    this.own = new OwnTile(state);
    new ResizeObserver(() => this.#place()).observe(video);
    video.addEventListener('resize', () => this.show());
    this.#layer.addEventListener('click', (event) => this.#act(event, false));
    this.#layer.addEventListener('contextmenu', (event) => this.#act(event, true));
    this.#layer.addEventListener('keydown', (event) => this.#press(event));
    this.#layer.addEventListener('focusin', (event) => {
      this.#current = keyAt(event.target) ?? this.#current;
      this.#order();
    });
  }

  /**
   * Brings the tiles in line with what the server says.
   *
   * @param {import('../sdk/protocol.js').ServerMessage} message
   */
  hear(message) {
    if (message.type === 'layout') this.#move(message.transition);
    if (message.type === 'reaction' && message.id === this.state.id) this.own.react(message.reaction);
    if (['layout', 'participants', 'speaking', 'welcome', 'moved', 'waiting', 'admitted'].includes(message.type)) this.show();
  }

  /**
   * Lets the tiles move as those of the picture do, from now on until they are there.
   *
   * @param {import('../sdk/protocol.js').Transition} [transition] none: they jump
   */
  #move(transition) {
    const ms = transition?.ms ?? 0;
    clearTimeout(this.#moving);
    this.#layer.style.setProperty('--move', `${ms}ms ${curve(transition?.ease)}`);
    // They jump with the window.
    this.#moving = setTimeout(() => this.#layer.style.removeProperty('--move'), ms + 50);
  }

  /** Brings the tiles in line with the state of the call. */
  show() {
    const { layout, phase, waiting } = this.state;
    const tiles = layout && phase === 'connected' && !waiting && this.video.videoWidth ? layout.tiles : [];
    const before = this.#shown;
    this.#shown = new Map();
    for (const tile of tiles) {
      const key = keyOf(tile);
      const box = before.get(key)?.box ?? tileBox(key);
      this.#shown.set(key, { box, tile });
      this.#describe(box, tile);
      if (!box.isConnected) this.#layer.append(box);
    }
    for (const [key, { box }] of before) if (!this.#shown.has(key)) box.remove();
    if (!this.#shown.has(this.#current)) this.#current = this.#shown.keys().next().value ?? '';
    this.#order();
    this.#place();
  }

  /**
   * The button that opens a tile's menu, null where there is no such tile.
   *
   * @param {Tile} tile
   * @returns {HTMLElement | null}
   */
  more(tile) {
    return this.#shown.get(keyOf(tile))?.box.querySelector('.tile-more') ?? null;
  }

  /**
   * @param {HTMLElement} box
   * @param {Tile} tile
   */
  #describe(box, tile) {
    const person = this.state.participants.find((p) => p.id === tile.id);
    const name = person?.name ?? '';
    const pinned = !tile.screen && (this.state.layout?.view?.pin?.includes(tile.id) ?? false);
    const [pin, more] = box.querySelectorAll('button');
    set(pin, 'aria-label', tile.screen ? `Screen of ${name}` : `Pin ${name}`);
    set(pin, tile.screen ? 'aria-haspopup' : 'aria-pressed', tile.screen ? 'menu' : String(pinned));
    set(pin, 'title', name);
    set(more, 'aria-label', `Menu for ${name}`);
    box.classList.toggle('pinned', pinned);
    // While the server is too busy, it is so for all.
    const fault = person && person.cause !== 'server' && !tile.screen ? faultOf(person) : '';
    const sign = box.querySelector('.tile-fault');
    if (!(sign instanceof HTMLElement)) return;
    sign.hidden = !fault;
    set(sign, 'title', fault);
    set(sign, 'aria-label', fault);
  }

  /** One tile is in the order of Tab, and arrows lead to the others. */
  #order() {
    for (const [key, { box }] of this.#shown) {
      for (const button of box.querySelectorAll('button')) button.tabIndex = key === this.#current ? 0 : -1;
    }
  }

  /** Puts the layer over the picture, and the tiles into it. */
  #place() {
    const { layout } = this.state;
    if (!layout?.width || !layout.height) return this.own.hide();
    const { clientWidth, clientHeight, videoWidth, videoHeight } = this.video;
    // object-fit: contain centres the picture in the element.
    const scale = Math.min(clientWidth / layout.width, clientHeight / layout.height);
    const [width, height] = [layout.width * scale, layout.height * scale];
    Object.assign(this.#layer.style, {
      width: `${width}px`, height: `${height}px`, left: `${(clientWidth - width) / 2}px`, top: `${(clientHeight - height) / 2}px`,
    });
    for (const { box, tile } of this.#shown.values()) {
      Object.assign(box.style, {
        left: part(tile.x, layout.width), top: part(tile.y, layout.height),
        width: part(tile.width, layout.width), height: part(tile.height, layout.height),
      });
    }
    // The picture of another shape is that of the view before.
    const same = Math.abs((videoWidth * layout.height) / (videoHeight * layout.width) - 1) < shapeSlack;
    const own = this.#shown.get(this.state.id);
    if (own && same) this.own.show(own.box, own.tile, scale);
    else this.own.hide();
  }

  /**
   * @param {Event} event
   * @param {boolean} menu
   */
  #act(event, menu) {
    const there = this.#shown.get(keyAt(event.target) ?? '');
    if (!there || !(event.target instanceof Element)) return;
    event.preventDefault();
    const more = event.target.closest('.tile-more');
    if (menu || more || there.tile.screen) this.acts.menu(there.tile, more instanceof HTMLElement ? more : there.box);
    else this.acts.pin(there.tile);
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const there = this.#shown.get(keyAt(event.target) ?? '');
    if (!there) return;
    const next = neighbour([...this.#shown.values()].map(({ tile }) => tile), there.tile, event.key);
    if (next) {
      event.preventDefault();
      this.#shown.get(keyOf(next))?.box.querySelector('button')?.focus();
    } else if (event.key === 'Escape' && there.box.classList.contains('pinned')) {
      event.stopPropagation(); // the panel stays
      this.acts.pin(there.tile);
    }
  }
}

/**
 * A server's curve as CSS has it. What bounces only slows down.
 *
 * @param {'in-out' | 'linear' | 'bounce' | number[]} [ease]
 */
function curve(ease = 'in-out') {
  if (Array.isArray(ease)) return `cubic-bezier(${ease.join()})`;
  return { 'in-out': 'ease-in-out', linear: 'linear', bounce: 'ease-out' }[ease];
}

/** @param {Tile} tile */
function keyOf({ id, screen }) {
  return screen ? `${id} screen` : id;
}

/** @param {EventTarget | null} target */
function keyAt(target) {
  return target instanceof Element ? target.closest('.tile')?.getAttribute('data-tile') : undefined;
}

/** @param {string} key */
function tileBox(key) {
  const box = make('div', 'tile');
  box.dataset.tile = key;
  const pin = make('button', 'tile-pin');
  const more = make('button', 'tile-more');
  for (const button of [pin, more]) button.setAttribute('type', 'button');
  more.setAttribute('aria-haspopup', 'menu');
  more.append(icon('more'));
  const sign = icon('pin');
  sign.classList.add('tile-pinned');
  const fault = make('span', 'tile-fault');
  fault.setAttribute('role', 'img');
  fault.append(icon('weak'));
  box.append(pin, sign, fault, more);
  return box;
}

/**
 * Sets an attribute whose source text has changed. The page may have translated it.
 *
 * @param {HTMLElement} element
 * @param {string} name
 * @param {string} text
 */
function set(element, name, text) {
  const all = sources.get(element) ?? {};
  if (all[name] === text) return;
  sources.set(element, { ...all, [name]: text });
  element.setAttribute(name, text);
}

/** @type {WeakMap<Element, Record<string, string>>} */
const sources = new WeakMap();

/**
 * @param {number} length
 * @param {number} of
 */
function part(length, of) {
  return `${(100 * length) / of}%`;
}

/**
 * The nearest tile in the direction of an arrow key.
 *
 * @param {Tile[]} tiles
 * @param {Tile} from
 * @param {string} key
 * @returns {Tile | undefined}
 */
export function neighbour(tiles, from, key) {
  const [x, y] = /** @type {Record<string, [number, number]>} */ ({
    ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
  })[key] ?? [0, 0];
  let found;
  let least = Infinity;
  for (const tile of tiles) {
    const right = tile.x + tile.width / 2 - from.x - from.width / 2;
    const down = tile.y + tile.height / 2 - from.y - from.height / 2;
    const along = right * x + down * y;
    const cost = along + 3 * Math.abs(right * y + down * x);
    if (along < 1 || cost >= least) continue;
    least = cost;
    found = tile;
  }
  return found;
}
