// The change of one's own name in the call.

import { saveChoices } from './choices.js';
import { ask } from './dialog.js';
import { byId } from './dom.js';
import { enter } from './entry.js';

/** The button that changes the name, and what follows from another name. */
export class Rename {
  /**
   * @param {import('../sdk/session.js').State} state changed in place
   * @param {(message: import('../sdk/protocol.js').ClientMessage) => void} send
   */
  constructor(state, send) {
    this.state = state;
    byId('rename', HTMLButtonElement).addEventListener('click', async () => {
      const name = await ask({
        title: 'Change your name', text: 'The others see it at once.', yes: 'Change',
        field: { label: 'Your name', value: state.name, most: 64 },
      });
      if (name && name !== state.name) send({ type: 'name', name });
    });
  }

  /**
   * Keeps the name that the server gave, for a reload and for the next call.
   *
   * @param {import('../sdk/protocol.js').ServerMessage} message
   */
  show(message) {
    if (message.type !== 'participants') return;
    const { state } = this;
    const name = state.participants.find((p) => p.id === state.id)?.name;
    if (!name || name === state.name) return;
    state.name = name;
    enter(state.room, name);
    saveChoices({ name });
  }
}
