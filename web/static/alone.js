// Says to a participant who is alone in the call how others come.

import { byId } from './dom.js';

/** @typedef {import('../sdk/session.js').State} State */

const patience = 2_000; // ms in which others may come without a word

/** The line that offers the link of the invitation, until somebody comes or the link is copied. */
export class Alone {
  #state;
  #timer = 0;
  #copied = false;

  /** @param {State} state */
  constructor(state) {
    this.#state = state;
    for (const id of ['alone-invite', 'copy', 'invite']) {
      byId(id, HTMLButtonElement).addEventListener('click', () => {
        this.#copied = true;
        this.show();
      });
    }
  }

  /** Shows or hides the line, after somebody came or went. */
  show() {
    const { phase, waiting, participants, id } = this.#state;
    const alone = phase === 'connected' && !waiting && participants.length > 0 && participants.every((p) => p.id === id);
    if (alone && !this.#copied) {
      this.#timer ||= setTimeout(() => { byId('alone', HTMLElement).hidden = false; }, patience);
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = 0;
    byId('alone', HTMLElement).hidden = true;
  }
}
