// The chat of a call.

import { byId, make } from './dom.js';

/** @typedef {import('./protocol.js').ChatMessage} ChatMessage */

/** Shows the messages and sends new ones. */
export class Chat {
  #unread = 0;
  #list = byId('messages', HTMLOListElement);
  #count = byId('chat-count', HTMLElement);
  #last = '';

  /** @param {(text: string) => void} send */
  constructor(send) {
    const input = byId('chat-text', HTMLInputElement);
    byId('chat-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      const text = input.value.trim();
      if (!text) return;
      send(text);
      input.value = '';
    });
  }

  /**
   * @param {ChatMessage} message
   * @param {boolean} own
   * @param {boolean} visible whether the chat is open
   */
  add(message, own, visible) {
    const nearEnd = this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight < 80;
    this.#list.append(this.#item(message, own));
    while (this.#list.childElementCount > 500) this.#list.firstElementChild?.remove();
    if (own || nearEnd || !visible) this.scrollToEnd();
    if (!visible && !own) this.#show(this.#unread + 1);
  }

  /** Marks all messages as read. */
  read() {
    this.#show(0);
    this.scrollToEnd();
  }

  scrollToEnd() {
    this.#list.scrollTop = this.#list.scrollHeight;
  }

  /**
   * @param {ChatMessage} message
   * @param {boolean} own
   */
  #item(message, own) {
    const time = new Date(message.time);
    const follows = this.#last === message.id;
    this.#last = message.id;
    const item = make('li', `message${own ? ' own' : ''}${follows ? ' follows' : ''}`);
    const head = make('div', follows ? 'visually-hidden' : 'message-head');
    head.append(make('span', 'message-name', own ? 'You' : message.name));
    if (!Number.isNaN(time.getTime())) {
      const at = make('time', '', time.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }));
      at.dateTime = time.toISOString();
      head.append(at);
    }
    const text = make('div', 'message-text');
    text.append(...linked(message.text));
    item.append(head, text);
    return item;
  }

  /** @param {number} unread */
  #show(unread) {
    this.#unread = unread;
    this.#count.textContent = unread > 9 ? '9+' : String(unread);
    this.#count.hidden = unread === 0;
    byId('chat-button', HTMLButtonElement).setAttribute('aria-label', unread ? `Chat, ${unread} unread` : 'Chat');
  }
}

/**
 * Text with its web addresses as links.
 *
 * @param {string} text
 * @returns {(string | HTMLElement)[]}
 */
function linked(text) {
  return text.split(/(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]'])/).map((part, i) => {
    if (i % 2 === 0) return part;
    const link = make('a', '', part);
    link.href = part;
    link.target = '_blank';
    link.rel = 'noopener noreferrer';
    return link;
  });
}
