// The call's broadcast: the button, and the sign that every participant sees.

import { headers } from './credentials.js';
import { at, byId } from './dom.js';
import { refusalOf } from './said.js';
import { copy, toast } from './toasts.js';

/** Turns a room's broadcast on and off. */
export class Broadcast {
  #on = false;
  #mine = false; // this page turned it on, and shows the link
  #named;

  /** @param {() => string} room that the page is in */
  constructor(room) {
    this.#named = room;
  }

  get #room() {
    return encodeURIComponent(this.#named());
  }

  /**
   * Shows whether the room is broadcast.
   *
   * @param {boolean} on
   * @param {boolean} [quiet] whether to show no message
   */
  show(on, quiet = false) {
    if (on !== this.#on && !quiet && !this.#mine) toast(on ? 'The call is being broadcast' : 'The broadcast has ended');
    this.#on = on;
    byId('on-air', HTMLElement).hidden = !on;
    byId('broadcast-text', HTMLElement).textContent = on ? 'End the broadcast' : 'Broadcast the call';
  }

  async toggle() {
    const on = !this.#on;
    this.#mine = true;
    try {
      const response = await fetch(at(`/api/v1/rooms/${this.#room}/broadcast`), { method: on ? 'PUT' : 'DELETE', headers: headers() });
      if (!response.ok) throw await refusalOf(response);
      this.show(on);
      if (on) await copy(at(`/watch/${this.#room}`), 'The call is being broadcast. The link is copied');
      else toast('The broadcast has ended');
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), 'warning');
    } finally {
      this.#mine = false;
    }
  }
}
