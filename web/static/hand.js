// The participant's own raised hand, and its reactions.

import { announce, byId } from './dom.js';
import { Reactions } from './reactions.js';
import { shortcuts } from './shortcuts.js';

/** Raises and lowers the hand. The server has the order of all hands. */
export class Hand {
  /**
   * @param {import('../sdk/session.js').State} state
   * @param {(message: import('../sdk/protocol.js').ClientMessage) => void} send
   */
  constructor(state, send) {
    this.state = state;
    this.send = send;
    this.reactions = new Reactions(state, send);
    for (const id of ['hand', 'hand-too']) byId(id, HTMLElement).addEventListener('click', () => this.toggle());
    shortcuts({ h: () => this.toggle() });
  }

  get #place() {
    return this.state.participants.find((p) => p.id === this.state.id)?.hand ?? 0;
  }

  toggle() {
    const raised = !this.#place;
    this.send({ type: 'hand', raised });
    announce(raised ? 'Hand raised' : 'Hand lowered');
  }

  /**
   * Brings the buttons in line with the server's list.
   *
   * @param {import('../sdk/protocol.js').ServerMessage} message
   */
  show(message) {
    this.reactions.show(message);
    if (message.type !== 'participants') return;
    const up = this.#place > 0;
    const text = up ? 'Lower hand' : 'Raise hand';
    const button = byId('hand', HTMLButtonElement);
    button.setAttribute('aria-label', text);
    button.dataset.hint = text;
    byId('hand-text', HTMLElement).textContent = text;
    for (const id of ['hand', 'hand-too']) byId(id, HTMLElement).setAttribute('aria-pressed', String(up));
  }
}
