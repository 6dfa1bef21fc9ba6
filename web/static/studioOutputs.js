// The studio's list of the servers that the call is pushed to.

import { make } from './dom.js';

/** @typedef {{id: string, url: string, state: string, reason?: string, view?: string}} Output */

/** Each output with what it shows, and its end. */
export class StudioOutputs {
  element = make('section', 'studio-outputs');
  #list = make('ul');

  /**
   * @param {(method: string, path: string, body?: object) => Promise<any>} ask the server; null where it refuses
   * @param {() => HTMLSelectElement} views makes a choice of them
   * @param {() => Promise<void>} push asks where to, and begins
   */
  constructor(ask, views, push) {
    this.ask = ask;
    this.views = views;
    const add = make('button', 'button', 'Push to another server…');
    add.type = 'button';
    add.id = 'studio-push';
    add.addEventListener('click', async () => {
      await push();
      await this.show();
    });
    this.element.setAttribute('aria-label', 'Outputs');
    this.element.append(make('h3', '', 'Outputs'), this.#list, add);
  }

  /** Shows which there are. */
  async show() {
    /** @type {Output[]} */
    const all = (await this.ask('GET', '/outputs'))?.outputs ?? [];
    this.#list.replaceChildren(...all.filter(({ state }) => state !== 'ended').map((output) => this.#row(output)));
    this.#list.hidden = !this.#list.firstElementChild;
  }

  /** @param {Output} output */
  #row({ id, url, state, reason, view }) {
    const path = `/outputs/${encodeURIComponent(id)}`;
    const row = make('li', 'studio-output');
    const address = make('bdi', '', url);
    address.translate = false;
    const how = make('span', 'studio-state', state);
    how.title = reason ?? '';
    const shows = this.views();
    shows.setAttribute('aria-label', `What ${url} shows`);
    if (view && ![...shows.options].some((o) => o.value === view)) shows.append(new Option(view, view));
    shows.value = view || 'room';
    shows.addEventListener('change', () => void this.ask('PATCH', path, { view: shows.value }));
    const end = make('button', 'button small', 'End');
    end.type = 'button';
    end.setAttribute('aria-description', url);
    end.addEventListener('click', async () => {
      await this.ask('DELETE', path);
      await this.show();
    });
    row.append(address, how, shows, end);
    return row;
  }
}
