// What this tab keeps of a call's chat, so that a reload and a lost connection lose nothing.

/**
 * @typedef {Omit<import('../sdk/protocol.js').ChatMessage, 'type'>} ChatMessage
 * @typedef {{message: ChatMessage, own: boolean}} Line
 * @typedef {{text: string, to?: string, at: number}} Unsent a text that the server has not sent back yet, for whom, and when it was written
 */

const most = 200; // messages
const fresh = 20_000; // ms that a text without an answer may have been lost for

/** The chat of one room, in the storage of this tab. */
export class ChatLog {
  /** @type {Line[]} */
  lines = [];
  /** @type {Unsent[]} */
  unsent = [];
  #key;

  /** @param {string} room */
  constructor(room) {
    this.#key = `tilemix.chat.${room}`;
    try {
      const { lines, unsent } = JSON.parse(sessionStorage.getItem(this.#key) ?? '{}');
      if (Array.isArray(lines)) this.lines = lines;
      if (Array.isArray(unsent)) this.unsent = unsent;
    } catch {
      // Nothing is kept, or something else.
    }
  }

  /**
   * Keeps a message that the server sent. Returns whether it is new.
   *
   * @param {ChatMessage} message
   * @param {boolean} own
   */
  add(message, own) {
    if (this.lines.some(({ message: m }) => m.id === message.id && m.time === message.time && m.text === message.text)) return false;
    if (own) {
      const index = this.unsent.findIndex(({ text }) => text === message.text);
      if (index >= 0) this.unsent.splice(index, 1);
    }
    this.lines.push({ message, own });
    this.lines.splice(0, Math.max(0, this.lines.length - most));
    this.#save();
    return true;
  }

  /**
   * Keeps a text until the server sends it back.
   *
   * @param {string} text
   * @param {string} [to] ID of the only one that it is for
   */
  write(text, to) {
    this.unsent.push({ text, to, at: Date.now() });
    this.unsent.splice(0, Math.max(0, this.unsent.length - 20));
    this.#save();
  }

  /** Forgets the texts that have had no answer: the server has refused them. */
  refused() {
    this.unsent = [];
    this.#save();
  }

  /**
   * The texts to send again over a new connection.
   *
   * @param {number} since when the old connection was lost, ms
   * @returns {Unsent[]}
   */
  again(since) {
    this.unsent = this.unsent.filter(({ at }) => at > since - fresh);
    this.#save();
    return this.unsent;
  }

  #save() {
    try {
      sessionStorage.setItem(this.#key, JSON.stringify({ lines: this.lines, unsent: this.unsent }));
    } catch {
      // The browser stores nothing for this page, or no more.
    }
  }
}
