// The button of the layout. What it opens is loaded with the first click.

import { headers } from './credentials.js';
import { byId, setIcon } from './dom.js';
import { toast } from './toasts.js';

/** Loads the choice of the picture when it is wanted. */
export class LayoutButton {
  /** @type {import('./picker.js').Picker | null} */
  #picker = null;

  /**
   * @param {import('../sdk/session.js').State} state
   * @param {import('./views.js').Views} views
   * @param {(message: import('../sdk/protocol.js').ClientMessage) => void} send
   * @param {() => void} changed after a choice of this device
   */
  constructor(state, views, send, changed) {
    this.state = state;
    byId('layout', HTMLElement).addEventListener('click', async () => {
      try {
        const { Picker } = await import('./picker.js');
        this.#picker ??= new Picker(state, views, send, changed, headers);
        this.#picker.toggle();
      } catch {
        toast('The choice did not load. Try again when the network is back.', 'warning');
      }
    });
  }

  /**
   * Shows the layout that there is.
   *
   * @param {import('../sdk/protocol.js').ServerMessage} message
   */
  show({ type }) {
    if (type === 'layout') setIcon(byId('layout', HTMLElement), this.state.layout?.name === 'grid' ? 'grid' : 'speaker');
    if (['layout', 'participants', 'standing', 'welcome'].includes(type)) this.#picker?.show();
  }
}
