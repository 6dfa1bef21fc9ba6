// The way into a call where something between page and server lets neither WebSockets nor data channels
// pass: the server sends events in the answer to one request (WHATWG HTML §9.2), and the page posts its
// messages.

import { Way } from './way.js';

const patience = 20_000; // ms for the answer to a post
const most = 20; // messages of a post

/** Takes the messages of a link, and gives it those of the server. */
export class EventStream extends Way {
  stop = new AbortController();
  address = '';
  /** @type {string[]} */
  waiting = [];
  posting = false;

  /**
   * @param {string} endpoint
   * @param {Record<string, string>} headers
   */
  constructor(endpoint, headers) {
    super();
    const lost = () => this.drop();
    void this.listen(endpoint, headers).then(lost, lost);
  }

  /** @param {string} text */
  send(text) {
    this.waiting.push(text);
    void this.flush().catch(() => this.drop());
  }

  /** @param {number} code */
  close(code) {
    if (this.readyState === WebSocket.CLOSED) return;
    this.readyState = WebSocket.CLOSED;
    const stop = () => this.stop.abort();
    // The code comes first: a stream that just ends has been lost.
    if (this.address) void fetch(`${this.address}?code=${code}`, { method: 'DELETE', keepalive: true }).then(stop, stop);
    else stop();
  }

  /**
   * @param {string} endpoint
   * @param {Record<string, string>} headers
   */
  async listen(endpoint, headers) {
    const { ok, url, body } = await fetch(endpoint, { method: 'POST', headers, signal: this.stop.signal });
    if (!ok || !body) return;
    const reader = body.getReader();
    const decoder = new TextDecoder();
    for (let text = ''; ;) {
      const { done, value } = await reader.read();
      if (done) return;
      const events = (text + decoder.decode(value, { stream: true })).split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) this.take(event, url);
    }
  }

  /**
   * @param {string} event
   * @param {string} base what its address is relative to
   */
  take(event, base) {
    const [, name, data = '{}'] = /^(?:event: (\w+)\n)?data\W (.*)$/.exec(event) ?? [];
    switch (name) {
      case 'session':
        this.address = new URL(JSON.parse(data).address, base).href;
        this.open();
        break;
      case 'ping':
        void this.post('[]').catch(() => {});
        break;
      case 'close':
        this.drop(JSON.parse(data));
        break;
      default:
        this.onmessage?.({ data });
    }
  }

  /** Posts what waits, in one request at a time, so that its order stays. */
  async flush() {
    if (this.posting) return;
    this.posting = true;
    while (this.waiting.length && this.readyState === WebSocket.OPEN) await this.post(`[${this.waiting.splice(0, most)}]`);
    this.posting = false;
  }

  /** @param {string} body */
  async post(body) {
    const { ok } = await fetch(this.address, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body, signal: AbortSignal.timeout(patience),
    });
    if (!ok) throw new Error('the session has ended');
  }

  drop(why = { code: 1006, reason: '' }) {
    this.stop.abort();
    super.drop(why);
  }
}
