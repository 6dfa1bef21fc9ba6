// What writes in the chat: the text, for whom it is, and files.

import { headers } from './credentials.js';
import { at, byId } from './dom.js';
import { said } from './said.js';
import { toast } from './toasts.js';

/**
 * @typedef {object} ChatFormEvents
 * @property {(text: string, to: string) => void} write to is the ID of the only one that gets it, '' for all
 * @property {(id: string, to: string) => void} file has been uploaded
 */

const most = 10_000_000; // bytes of a file, as the server takes them

/** The form below the messages. */
export class ChatForm {
  #to = byId('chat-to', HTMLSelectElement);
  #shown = '';

  /**
   * @param {import('../sdk/session.js').State} state
   * @param {ChatFormEvents} events
   */
  constructor(state, events) {
    this.state = state;
    this.events = events;
    const input = byId('chat-text', HTMLInputElement);
    const files = byId('chat-files', HTMLInputElement);
    byId('chat-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      const text = input.value.trim();
      if (!text) return;
      input.value = '';
      events.write(text, this.#to.value);
    });
    byId('chat-attach', HTMLButtonElement).addEventListener('click', () => files.click());
    files.addEventListener('change', () => {
      void this.#upload([...(files.files ?? [])]);
      files.value = '';
    });
    const view = byId('view-chat', HTMLElement);
    view.addEventListener('dragover', (event) => event.preventDefault());
    view.addEventListener('drop', (event) => {
      event.preventDefault();
      void this.#upload([...(event.dataTransfer?.files ?? [])]);
    });
    input.addEventListener('paste', (event) => {
      if (event.clipboardData?.files.length) void this.#upload([...event.clipboardData.files]);
    });
    this.show();
  }

  /** Lists the others whom one can write to. */
  show() {
    const { participants, id } = this.state;
    const others = participants.filter((p) => p.id !== id);
    const now = JSON.stringify(others.map((p) => [p.id, p.name]));
    if (now === this.#shown) return;
    this.#shown = now;
    const chosen = this.#to.value;
    const all = new Option('Everyone', '');
    this.#to.replaceChildren(all, ...others.map((p) => {
      const option = new Option(p.name, p.id);
      option.translate = false;
      return option;
    }));
    this.#to.value = others.some((p) => p.id === chosen) ? chosen : '';
    byId('chat-whom', HTMLElement).hidden = others.length < 2;
  }

  /** @param {File[]} files */
  async #upload(files) {
    const to = this.#to.value;
    for (const file of files.slice(0, 10)) {
      if (file.size > most) {
        toast('A file can have 10 MB', 'warning');
        continue;
      }
      try {
        const url = at(`/api/v1/rooms/${encodeURIComponent(this.state.room)}/files?name=${encodeURIComponent(file.name)}`);
        const answer = await fetch(url, { method: 'POST', body: file, headers: { 'Content-Type': 'application/octet-stream', ...headers() } });
        const body = await answer.json();
        if (!answer.ok) throw new Error(said(body.code, body.error));
        this.events.file(body.id, to);
      } catch (error) {
        toast(error instanceof TypeError ? 'The file could not be sent' : error instanceof Error ? error.message : String(error), 'warning');
      }
    }
  }
}
