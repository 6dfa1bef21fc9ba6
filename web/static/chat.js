// The chat of a call.

import { ChatForm } from './chatForm.js';
import { ChatLog } from './chatLog.js';
import { at, byId, make } from './dom.js';

/**
 * @typedef {import('../sdk/protocol.js').ChatMessage} ChatMessage
 * @typedef {import('../sdk/protocol.js').ClientMessage} ClientMessage
 * @typedef {Omit<ChatMessage, 'type'>} Said
 */

/** Shows the messages and sends new ones. */
export class Chat {
  #unread = 0;
  #list = byId('messages', HTMLElement);
  #count = byId('chat-count', HTMLElement);
  #last = '';
  #log;
  #send;
  #state;
  #lost = 0; // when the connection was lost, ms; 0: there is one

  /**
   * @param {import('../sdk/session.js').State} state
   * @param {(message: ClientMessage) => void} send
   */
  constructor(state, send) {
    this.#state = state;
    this.#send = send;
    this.#log = new ChatLog(state.room);
    for (const { message, own } of this.#log.lines) this.#append(message, own);
    if (this.#log.unsent.length) this.offline();
    this.form = new ChatForm(state, {
      write: (text, to) => {
        this.#log.write(text, to);
        if (this.#lost) this.#showUnsent();
        else send(spoken(text, to));
      },
      file: (file, to) => send({ type: 'chat', file, ...(to && { to }) }),
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
    for (const { text, to } of texts) this.#send(spoken(text, to));
  }

  /** The server has refused a message. */
  refused() {
    this.#log.refused();
  }

  /**
   * @param {Said} message
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

  /**
   * Shows what was said before this page came.
   *
   * @param {Said[]} messages
   */
  past(messages) {
    for (const message of messages) this.add(message, message.id === this.#state.id, true);
    this.scrollToEnd();
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
      body.dir = 'auto';
      body.translate = false;
      item.append(make('div', 'message-head', 'Not sent yet'), body);
      this.#list.append(item);
    }
    this.scrollToEnd();
  }

  /**
   * @param {Said} message
   * @param {boolean} own
   */
  #append(message, own) {
    this.#list.append(this.#item(message, own));
    while (this.#list.childElementCount > 500) this.#list.firstElementChild?.remove();
  }

  /**
   * @param {Said} message
   * @param {boolean} own
   */
  #item(message, own) {
    const time = new Date(message.time);
    const from = message.id + (message.to ?? '');
    const follows = this.#last === from;
    this.#last = from;
    const item = make('div', `message${own ? ' own' : ''}${follows ? ' follows' : ''}${message.to ? ' private' : ''}`);
    const head = make('div', follows ? 'visually-hidden' : 'message-head');
    const name = make('span', 'message-name', own ? 'You' : message.name);
    name.dir = 'auto';
    name.translate = own;
    head.append(name);
    if (message.to) head.append(make('span', 'message-private', own ? `only to ${message.toName}` : 'only to you'));
    if (!Number.isNaN(time.getTime())) {
      const when = make('time', '', time.toLocaleTimeString(document.documentElement.lang, { hour: '2-digit', minute: '2-digit' }));
      when.dateTime = time.toISOString();
      head.append(when);
    }
    item.append(head);
    if (message.text) {
      const text = make('div', 'message-text');
      text.dir = 'auto';
      text.translate = false;
      text.append(...linked(message.text));
      item.append(text);
    }
    if (message.file) item.append(this.#file(message.file));
    return item;
  }

  /** @param {import('../sdk/protocol.js').ChatFile} file */
  #file({ id, name, size, expires }) {
    const link = make('a', 'message-text message-file');
    link.href = at(`/api/v1/rooms/${encodeURIComponent(this.#state.room)}/files/${encodeURIComponent(id)}`);
    link.download = name;
    link.dir = 'auto';
    link.translate = false;
    link.append(make('span', '', name), make('span', 'message-size', sizeText(size)));
    if (Date.parse(expires) < Date.now()) link.removeAttribute('href');
    return link;
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
 * What a message is to those who do not see the chat.
 *
 * @param {ChatMessage} message
 * @returns {string}
 */
export function shortly({ name, text, to, file }) {
  const said = text || file?.name || '';
  return to ? `${name}, only to you: ${said}` : `${name}: ${said}`;
}

/**
 * @param {string} text
 * @param {string} [to]
 * @returns {ClientMessage}
 */
function spoken(text, to) {
  return { type: 'chat', text, ...(to && { to }) };
}

/** @param {number} bytes */
function sizeText(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
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
