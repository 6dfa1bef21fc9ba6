// The button that shares a screen, window or tab beside the camera.

import { Share } from '../sdk/share.js';
import { announce, byId } from './dom.js';
import { shortcuts } from './shortcuts.js';
import { toast } from './toasts.js';

/** Lets the button and its key begin and end a share. */
export class ScreenShare {
  /** @param {import('../sdk/session.js').Session} session */
  constructor(session) {
    this.share = new Share(session, () => {
      this.#show();
      announce(this.share.stream ? 'You share a screen' : 'You share no screen any more');
    });
    byId('share', HTMLElement).addEventListener('click', () => void this.toggle());
    shortcuts({ s: () => void this.toggle() });
    this.follow();
  }

  /** Brings the button and the connection in line with the call. */
  follow() {
    byId('share', HTMLElement).hidden = !this.share.may;
    this.share.follow();
  }

  async toggle() {
    if (this.share.stream) return this.share.stop();
    try {
      await this.share.start();
    } catch (error) {
      // A user who closes the picker knows it.
      if (!(error instanceof DOMException && error.name === 'NotAllowedError')) toast('This browser could not share a screen.', 'warning');
    }
  }

  #show() {
    const button = byId('share', HTMLButtonElement);
    const text = this.share.stream ? 'Stop sharing' : 'Share a screen';
    button.setAttribute('aria-pressed', String(Boolean(this.share.stream)));
    button.setAttribute('aria-label', text);
    button.dataset.hint = text;
  }
}
