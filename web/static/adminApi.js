// The public API as the page of those who run the server uses it.

import { at } from './dom.js';
import { refusalOf } from './said.js';

/** Where the browser keeps the key, until the tab is closed. */
const place = 'tilemix.admin.key';

/** A refusal that a key, or another one, may help against. */
export class KeyNeeded extends Error {}

/** Requests with the secret of this page, if it has one. */
export class Api {
  /** A host's secret of a call, '' for none. */
  acting = '';

  get key() {
    try {
      return sessionStorage.getItem(place) ?? '';
    } catch {
      return '';
    }
  }

  set key(key) {
    try {
      sessionStorage.setItem(place, key);
    } catch {
      // The browser keeps nothing: the page asks again.
    }
  }

  /** @returns {Record<string, string>} */
  #headers() {
    const secret = this.key || this.acting;
    return secret ? { Authorization: `Bearer ${secret}` } : {};
  }

  /**
   * The answer in JSON, null where there is nothing. It throws KeyNeeded, or an Error for people.
   *
   * @param {string} path that begins with a slash, of /api/v1
   * @param {string} [method]
   * @param {object} [body]
   * @returns {Promise<any>}
   */
  async ask(path, method = 'GET', body) {
    const answer = await fetch(at(`/api/v1${path}`), {
      method, cache: 'no-store', headers: { ...this.#headers(), ...(body && { 'Content-Type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    }).catch(() => { throw new Error('The server does not answer.'); });
    if (answer.status === 404 && method === 'GET') return null;
    if (answer.status === 401 || answer.status === 403) throw new KeyNeeded((await refusalOf(answer)).message);
    if (!answer.ok) throw await refusalOf(answer);
    return answer.status === 204 ? {} : answer.json();
  }

  /**
   * All entries of a list that has pages.
   *
   * @param {string} path
   * @param {string} name of the list in the answer
   * @returns {Promise<any[] | null>} null where there is none
   */
  async list(path, name) {
    const all = [];
    for (let cursor = ''; ;) {
      const answer = await this.ask(`${path}?limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
      if (!answer) return null;
      all.push(...answer[name]);
      if (!answer.next) return all;
      cursor = answer.next;
    }
  }

  /**
   * Hears server-sent events (WHATWG HTML §9.2) until the signal says stop. EventSource has no headers, so
   * this reads the answer itself. It comes back to a line that was cut, after a second and later ones.
   *
   * @param {string} path
   * @param {(what: any) => void} hear
   * @param {AbortSignal} signal
   */
  async listen(path, hear, signal) {
    let last = '';
    for (let pause = 1000; !signal.aborted; pause = Math.min(2 * pause, 30_000)) {
      try {
        const answer = await fetch(at(`/api/v1${path}`), {
          cache: 'no-store', signal, headers: { ...this.#headers(), ...(last && { 'Last-Event-ID': last }) },
        });
        if (answer.status === 401 || answer.status === 403 || answer.status === 404) return;
        if (answer.ok && answer.body) {
          pause = 1000;
          await parts(answer.body, (id, data) => {
            last = id || last;
            if (data) hear(JSON.parse(data));
          });
        }
      } catch {
        // The line was cut.
      }
      await new Promise((done) => setTimeout(done, signal.aborted ? 0 : pause));
    }
  }
}

/**
 * Reads events from a stream until it ends.
 *
 * @param {ReadableStream<Uint8Array>} body
 * @param {(id: string, text: string) => void} each
 */
async function parts(body, each) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  for (let text = ''; ;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += decoder.decode(value, { stream: true });
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      const field = (/** @type {string} */ name) => event.split('\n').filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2)).join('\n');
      each(field('id'), field('data'));
    }
  }
}
