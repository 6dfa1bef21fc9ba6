// Those who wait to be let in, as hosts see them over the list of people.

import { byId, make } from './dom.js';
import { toast } from './toasts.js';

/**
 * @typedef {import('../sdk/protocol.js').Waiter} Waiter
 * @typedef {import('../sdk/protocol.js').ClientMessage} ClientMessage
 */

const every = 15_000; // ms between two updates of the waiting times

/** Shows those who wait, in order, and lets hosts decide on them. */
export class Queue {
  /** @type {Waiter[]} */
  #known = [];
  #timer = 0;
  #all = this.#rowOfAll();

  /**
   * @param {import('../sdk/session.js').State} state
   * @param {(message: ClientMessage) => void} send
   */
  constructor(state, send) {
    this.state = state;
    this.send = send;
  }

  /** @param {import('../sdk/protocol.js').ServerMessage} message */
  show(message) {
    switch (message.type) {
      case 'welcome': // who waits follows, if somebody does
      case 'moved':
        this.#draw([]);
        break;
      case 'standing':
        if (!this.state.rights.includes('moderate')) this.#draw([]);
        break;
      case 'lobby':
        this.#draw(message.waiting ?? []);
        break;
    }
  }

  /** @param {Waiter[]} waiting */
  #draw(waiting) {
    const came = waiting.filter((w) => !this.#known.some((k) => k.id === w.id));
    if (came.length) toast(came.length === 1 ? `${came[0].name} waits to be let in` : `${came.length} people wait to be let in`, 'host');
    this.#known = waiting;
    const list = byId('waiting', HTMLUListElement);
    list.hidden = waiting.length === 0;
    const rows = [...waiting.map((w) => this.#row(list, w)), ...(waiting.length > 1 ? [this.#all] : [])];
    // Rows that stay are not touched, so that no click on them is lost, and no focus.
    for (const row of [...list.children]) if (!rows.includes(/** @type {HTMLElement} */ (row))) row.remove();
    rows.forEach((row, i) => row !== list.children[i] && list.insertBefore(row, list.children[i] ?? null));
    clearInterval(this.#timer);
    this.#timer = waiting.length ? setInterval(() => this.#age(list), every) : 0;
  }

  /**
   * @param {HTMLElement} list
   * @param {Waiter} waiter
   */
  #row(list, { id, name, since }) {
    const what = JSON.stringify([id, name, since]);
    const before = /** @type {HTMLElement[]} */ ([...list.children]).find((r) => r.dataset.waiter === what);
    if (before) return before;
    const item = make('li', 'person');
    item.dataset.waiter = what;
    const admit = this.#button('Let in', `Let ${name} in`, { type: 'admit', ids: [id] });
    admit.classList.add('primary');
    const age = make('span', 'person-self person-age', ageOf(since));
    age.dataset.since = since;
    item.append(make('span', 'person-name', name), age, admit, this.#button('Refuse', `Refuse ${name}`, { type: 'reject', ids: [id] }));
    return item;
  }

  #rowOfAll() {
    const item = make('li', 'person');
    item.append(make('span', 'person-name', ''), this.#button('Let all in', 'Let all in who wait', { type: 'admit', all: true }));
    return item;
  }

  /**
   * @param {string} text
   * @param {string} label
   * @param {ClientMessage} message
   */
  #button(text, label, message) {
    const button = make('button', 'button small', text);
    button.setAttribute('aria-label', label);
    button.addEventListener('click', () => this.send(message));
    return button;
  }

  /** @param {HTMLElement} list */
  #age(list) {
    for (const age of list.querySelectorAll('.person-age')) if (age instanceof HTMLElement) age.textContent = ageOf(age.dataset.since ?? '');
  }
}

/**
 * How long somebody has waited, '' for less than a minute.
 *
 * @param {string} since
 */
function ageOf(since) {
  const minutes = Math.floor((Date.now() - Date.parse(since)) / 60_000);
  return minutes >= 1 ? `${minutes} min` : '';
}
