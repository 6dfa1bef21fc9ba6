// The chat of a call.

import { ChatLog } from './chatLog.js';
import { byId, make } from './dom.js';

/** @typedef {import('../sdk/protocol.js').ChatMessage} ChatMessage */

/** Shows the messages and sends new ones. */
export class Chat {
  #unread = 0;
  #list = byId('messages', HTMLElement);
  #count = byId('chat-count', HTMLElement);
  #last = '';
  #log;
  #send;
  #lost = 0; // when the connection was lost, ms; 0: there is one

  /**
   * @param {(text: string) => void} send
   * @param {string} room
   */
  constructor(send, room) {
    this.#send = send;
    this.#log = new ChatLog(room);
    for (const { message, own } of this.#log.lines) this.#append(message, own);
    if (this.#log.unsent.length) this.offline();
    const input = byId('chat-text', HTMLInputElement);
    byId('chat-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      const text = input.value.trim();
      if (!text) return;
      this.#log.write(text);
      if (this.#lost) this.#showUnsent();
      else send(text);
      input.value = '';
    });
  }

  /** The connection is lost: texts wait for the next one. */
  offline() {
    this.#lost ||= Date.now();
    this.#showUnsent();
  }

  /** A connection is there: what waits is sent. */
  online() {
    if (!this.#lost) return;
    const texts = this.#log.again(this.#lost);
    this.#lost = 0;
    this.#showUnsent();
    for (const text of texts) this.#send(text);
  }

  /** The server has refused a message. */
  refused() {
    this.#log.refused();
  }

  /**
   * @param {ChatMessage} message
   * @param {boolean} own
   * @param {boolean} visible whether the chat is open
   */
  add(message, own, visible) {
    if (!this.#log.add(message, own)) return;
    const nearEnd = this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight < 80;
    this.#append(message, own);
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

  /** Shows the texts that wait. */
  #showUnsent() {
    for (const item of this.#list.querySelectorAll('.unsent')) item.remove();
    for (const { text } of this.#lost ? this.#log.unsent : []) {
      const item = make('div', 'message own unsent');
      const body = make('div', 'message-text', text);
      body.translate = false;
      item.append(make('div', 'message-head', 'Not sent yet'), body);
      this.#list.append(item);
    }
    this.scrollToEnd();
  }

  /**
   * @param {ChatMessage} message
   * @param {boolean} own
   */
  #append(message, own) {
    this.#list.append(this.#item(message, own));
    while (this.#list.childElementCount > 500) this.#list.firstElementChild?.remove();
  }

  /**
   * @param {ChatMessage} message
   * @param {boolean} own
   */
  #item(message, own) {
    const time = new Date(message.time);
    const follows = this.#last === message.id;
    this.#last = message.id;
    const item = make('div', `message${own ? ' own' : ''}${follows ? ' follows' : ''}`);
    const head = make('div', follows ? 'visually-hidden' : 'message-head');
    const name = make('span', 'message-name', own ? 'You' : message.name);
    name.dir = 'auto';
    name.translate = own;
    head.append(name);
    if (!Number.isNaN(time.getTime())) {
      const at = make('time', '', time.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }));
      at.dateTime = time.toISOString();
      head.append(at);
    }
    const text = make('div', 'message-text');
    text.dir = 'auto';
    text.translate = false;
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
