// Reactions: buttons, and what the others show.

import { announce, byId, make } from './dom.js';

/** @type {[string, string, string][]} names as the server has them, pictures, and words */
const reactions = [
  ['like', '👍', 'Thumbs up'], ['clap', '👏', 'Applause'], ['heart', '❤️', 'Heart'],
  ['laugh', '😂', 'Laughter'], ['surprise', '😮', 'Surprise'], ['party', '🎉', 'Party'],
];

/**
 * The picture of a reaction, '' for an unknown one.
 *
 * @param {string} reaction
 */
export function pictureOf(reaction) {
  return reactions.find(([name]) => name === reaction)?.[1] ?? '';
}

/** The server draws a reaction on the tile for 3 s, so the page only sends it and reads it out. */
export class Reactions {
  /**
   * @param {import('../sdk/session.js').State} state
   * @param {(message: import('../sdk/protocol.js').ClientMessage) => void} send
   */
  constructor(state, send) {
    this.state = state;
    byId('reactions', HTMLElement).replaceChildren(...reactions.map(([reaction, picture, word]) => {
      const button = make('button', 'button', picture);
      button.type = 'button';
      button.setAttribute('aria-label', word);
      button.title = word;
      button.addEventListener('click', () => send({ type: 'reaction', reaction }));
      return button;
    }));
  }

  /** @param {import('../sdk/protocol.js').ServerMessage} message */
  show(message) {
    if (message.type !== 'reaction') return;
    const name = this.state.participants.find((p) => p.id === message.id)?.name;
    const word = reactions.find(([reaction]) => reaction === message.reaction)?.[2];
    if (name && word) announce(`${name}: ${word}`);
  }
}
