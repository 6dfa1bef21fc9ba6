// The menu of a tile: what this participant sees of it, and what hosts do.

import { loadChoices, saveChoices } from './choices.js';
import { openMenu } from './menu.js';

/**
 * @typedef {import('./menu.js').Item} Item
 * @typedef {import('../sdk/protocol.js').Tile} Tile
 * @typedef {import('../sdk/session.js').State} State
 */

/** Opens the menus of tiles. */
export class TileMenu {
  /**
   * @param {State} state
   * @param {import('./views.js').Views} views
   * @param {import('./hosts.js').Hosts} hosts
   * @param {() => import('./tiles.js').Tiles} tiles
   */
  constructor(state, views, hosts, tiles) {
    this.state = state;
    this.views = views;
    this.hosts = hosts;
    this.tiles = tiles;
  }

  /**
   * @param {Tile} tile
   * @param {HTMLElement} beside
   */
  async open(tile, beside) {
    const { id } = tile;
    const forHosts = await this.hosts.items(id);
    const items = [...this.#items(tile), ...forHosts];
    const name = this.state.participants.find((p) => p.id === id)?.name ?? '';
    const more = this.tiles().more(tile);
    if (items.length) openMenu(more ?? beside, `Menu for ${name}`, items, () => this.tiles().more(tile));
  }

  /**
   * @param {Tile} tile
   * @returns {Item[]}
   */
  #items(tile) {
    const { id, screen } = tile;
    const { views } = this;
    const { pin = [], hide = [] } = views.wish;
    const own = id === this.state.id;
    /** @type {Item[]} */
    const items = [];
    if (!screen && views.free) {
      items.push({ text: pin.includes(id) ? 'Unpin' : 'Pin', icon: 'pin', act: () => views.toggle(tile) });
      if (!own) {
        items.push({ text: 'Hide from my view', icon: 'eye-off', act: () => views.change({ hide: [...hide, id], pin: pin.filter((p) => p !== id) }) });
      }
    }
    if (own && !screen) items.push(...this.#ownItems());
    if (this.state.layout?.view && views.free) items.push({ text: "Back to the room's view", icon: 'grid', act: () => views.clear() });
    return items;
  }

  /** @returns {Item[]} */
  #ownItems() {
    const { self } = loadChoices();
    const choose = (/** @type {string} */ chosen) => {
      saveChoices({ self: chosen });
      this.views.settle();
      this.tiles().show();
    };
    return [
      self === 'overlay'
        ? { text: 'Show me as the others see me', icon: 'camera', act: () => choose('server') }
        : { text: 'Show my camera as a mirror', icon: 'camera', act: () => choose('overlay') },
      ...(self === 'cover' ? [] : [{ text: 'Cover my own tile', icon: /** @type {const} */ ('camera-off'), act: () => choose('cover') }]),
      ...(this.views.free ? [{ text: 'Leave me out of my view', icon: /** @type {const} */ ('eye-off'), act: () => choose('leave-out') }] : []),
    ];
  }
}
