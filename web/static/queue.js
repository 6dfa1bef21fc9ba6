// Those who wait to be let in, as hosts see them over the list of people.

import { headers } from './credentials.js';
import { at, byId, make } from './dom.js';
import { asSentence } from './overlay.js';
import { toast } from './toasts.js';

/** @typedef {{id: string, name: string}} Waiter */

const every = 5_000; // ms

/** Asks the server for those who wait, while this participant may let them in. */
export class Queue {
  /** @type {Waiter[]} */
  #known = [];
  #timer = 0;

  /** @param {import('./session.js').State} state */
  constructor(state) {
    this.state = state;
  }

  /** Begins or ends with the right to let others in. */
  show() {
    clearInterval(this.#timer);
    this.#timer = 0;
    if (!this.state.rights.includes('moderate')) return this.#draw([]);
    this.#timer = setInterval(() => void this.#look(), every);
    void this.#look();
  }

  #url(rest = '') {
    return at(`/api/v1/rooms/${encodeURIComponent(this.state.room)}/waiting${rest}`);
  }

  async #look() {
    if (this.state.phase !== 'connected' || this.state.waiting) return;
    try {
      const response = await fetch(this.#url(), { headers: headers(), signal: AbortSignal.timeout(every) });
      if (!response.ok) return;
      const { waiting } = await response.json();
      if (this.#timer) this.#draw(waiting);
    } catch {
      // The next look may succeed.
    }
  }

  /** @param {Waiter[]} waiting */
  #draw(waiting) {
    const ids = (/** @type {Waiter[]} */ list) => list.map((w) => w.id).join();
    if (ids(waiting) === ids(this.#known)) return; // a button that is being clicked stays
    const came = waiting.filter((w) => !this.#known.some((k) => k.id === w.id));
    if (came.length) toast(came.length === 1 ? `${came[0].name} waits to be let in` : `${came.length} people wait to be let in`, 'host');
    this.#known = waiting;
    const list = byId('waiting', HTMLUListElement);
    list.hidden = waiting.length === 0;
    list.replaceChildren(...waiting.map((w) => this.#row(w)));
  }

  /** @param {Waiter} waiter */
  #row({ id, name }) {
    const item = make('li', 'person');
    const admit = make('button', 'button small primary', 'Let in');
    admit.setAttribute('aria-label', `Let ${name} in`);
    admit.addEventListener('click', () => void this.#decide(id, 'admit'));
    const reject = make('button', 'button small', 'Refuse');
    reject.setAttribute('aria-label', `Refuse ${name}`);
    reject.addEventListener('click', () => void this.#decide(id, 'reject'));
    item.append(make('span', 'person-name', name), admit, reject);
    return item;
  }

  /**
   * @param {string} id
   * @param {'admit' | 'reject'} what
   */
  async #decide(id, what) {
    try {
      const response = await fetch(this.#url(`/${encodeURIComponent(id)}/${what}`), { method: 'POST', headers: headers() });
      // Another host may have decided already.
      if (!response.ok && response.status !== 404) throw new Error((await response.json()).error);
    } catch (error) {
      toast(`Lobby: ${asSentence(error instanceof Error ? error.message : String(error))}`, 'warning');
    }
    await this.#look();
  }
}
