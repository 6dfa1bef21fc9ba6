// Recordings of the call: the button, the red dot that every participant sees, the file.

import { entering, headers } from './credentials.js';
import { ask as question } from './dialog.js';
import { at, byId } from './dom.js';
import { refusalOf } from './said.js';
import { toast } from './toasts.js';

/** @typedef {import('../sdk/protocol.js').Recording} Recording */

const endQuestion = {
  title: 'End the recording?', text: 'It cannot go on afterwards. Another recording is another file.', yes: 'End the recording', danger: true,
};
const startQuestion = { title: 'Record the call?', text: 'All participants see that it is recorded.', yes: 'Record the call' };

/** Starts and stops recordings of a room, and shows which run. */
export class Recordings {
  /** @type {Recording[]} */
  #running = [];
  #busy = false;
  #room;

  /** @param {() => string} room that the page is in */
  constructor(room) {
    this.#room = room;
  }

  get #api() {
    return at(`/api/v1/rooms/${encodeURIComponent(this.#room())}/recordings`);
  }

  /**
   * Shows the server's list.
   *
   * @param {Recording[]} all
   * @param {boolean} [quiet] whether to show no message
   */
  show(all, quiet = false) {
    const before = this.#running;
    this.#running = all.filter((r) => r.state !== 'finished' && r.state !== 'failed');
    const ended = all.find((r) => !this.#running.includes(r));
    const next = this.#running.find((r) => (r.part ?? 0) > 1 && !before.some(({ id }) => id === r.id));
    if (ended) {
      this.#offer(ended).catch(() => {});
      if (before.some((r) => r.id === ended.id)) tellEnd(ended);
    } else if (next) {
      toast(`The server failed and is back. The recording goes on as part ${next.part}.`);
    } else if (!quiet && before.length === 0 && this.#running.length > 0) {
      toast('The call is being recorded');
    }
    const paused = this.#running.length > 0 && this.#running.every((r) => r.state === 'paused');
    const sign = byId('recording', HTMLElement);
    sign.hidden = this.#running.length === 0;
    sign.classList.toggle('paused', paused);
    byId('recording-text', HTMLElement).textContent = paused ? 'Recording paused' : 'Recording';
    const text = this.#running.length > 0 ? 'End the recording' : 'Record the call';
    const button = byId('record', HTMLButtonElement);
    button.setAttribute('aria-pressed', String(this.#running.length > 0));
    button.setAttribute('aria-label', text);
    button.dataset.hint = text;
    byId('record-text', HTMLElement).textContent = text;
  }

  /**
   * Starts a recording, or stops those that run. An end cannot be undone, so the page asks first.
   *
   * @param {boolean} [sure] whether a start needs no question
   */
  async toggle(sure = true) {
    if (this.#busy || document.querySelector('dialog.question')) return;
    const asked = this.#running; // the list may change while the question is open
    const ends = asked.length > 0;
    if (ends && (await question(endQuestion)) === null) return;
    if (!ends && !sure && (await question(startQuestion)) === null) return;
    this.#busy = true;
    try {
      if (!ends && this.#running.length === 0) await ask('POST', this.#api);
      for (const { id } of asked) if (this.#running.some((r) => r.id === id)) await ask('DELETE', `${this.#api}/${id}`);
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), 'warning');
    } finally {
      this.#busy = false;
    }
  }

  /** Offers the page of recordings on the card after the call, if there are any and the server gives them. */
  async list() {
    const link = byId('card-recordings', HTMLAnchorElement);
    link.hidden = true;
    link.href = at(`/recordings/${encodeURIComponent(this.#room())}`) + location.hash;
    const answer = await fetch(`${this.#api}?limit=1`, { headers: entering() });
    if (answer.ok) link.hidden = (await answer.json()).recordings.length === 0;
  }

  /** @param {Recording} recording */
  async #offer(recording) {
    const answer = await fetch(`${this.#api}/${recording.id}`, { headers: headers() });
    if (!answer.ok) return; // this participant may not have it
    const link = byId('recording-file', HTMLAnchorElement);
    link.href = (await answer.json()).file;
    link.hidden = false;
  }
}

/** @param {Recording} recording */
function tellEnd({ state, reason }) {
  if (state === 'failed') toast(`The recording failed: ${reason ?? 'the server gave no reason'}`, 'warning');
  else toast(`The recording has ended${reason ? `: ${reason}` : ''}. It is in the list of people.`);
}

/**
 * @param {string} method
 * @param {string} url
 */
async function ask(method, url) {
  const answer = await fetch(url, { method, headers: headers() });
  if (!answer.ok) throw await refusalOf(answer);
}
