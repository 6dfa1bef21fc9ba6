// The way into a call where something between page and server refuses WebSockets: WHIP
// (RFC 9725) for the offer, and a data channel for all other messages.

import { Way } from './way.js';
import { answers, gathered, iceServers, refusalOf } from './whep.js';

/** @typedef {import('./protocol.js').ServerMessage} ServerMessage */

const gatherTimeout = 500; // ms
const leaves = 1000; // code that closes for good
const channelTimeout = 5_000; // ms from the media connection to the data channel

/** A link attaches its RTCPeerConnection before it offers. */
export class Detour extends Way {
  /** @type {RTCIceServer[]} */
  iceServers = [];

  /** @type {RTCPeerConnection | null} */
  #pc = null;
  /** @type {RTCDataChannel | null} */
  #channel = null;
  #session = '';
  /** Whether the data channel has opened. */
  spoke = false;

  /**
   * @param {string} endpoint of WHIP, or the address to come back by
   * @param {(address: string) => void} keep gets the address to come back by; '': there is none
   * @param {import('./access.js').Access} access
   */
  constructor(endpoint, keep, access) {
    super();
    this.access = access;
    this.endpoint = endpoint;
    this.keep = keep;
    void iceServers(access).then((servers) => {
      this.iceServers = servers;
      this.open();
    });
  }

  /** @param {RTCPeerConnection} pc */
  attach(pc) {
    this.#pc = pc;
    this.#channel = pc.createDataChannel('control');
    this.#channel.onmessage = ({ data }) => this.onmessage?.({ data });
    this.#channel.onclose = () => this.drop();
    this.#channel.onopen = () => { this.spoke = true; };
    pc.addEventListener('iceconnectionstatechange', () => {
      if (pc.iceConnectionState === 'connected') setTimeout(() => this.spoke || this.drop(), channelTimeout);
    });
  }

  /** @param {string} text */
  send(text) {
    switch (JSON.parse(text).type) {
      case 'offer':
        if (this.#session) this.drop(); // to come back is as quick as an ICE restart
        else void this.offer().catch(() => this.drop());
        break;
      case 'candidate': // the offer has them, or the server learns them from checks
        break;
      case 'alive':
        void answers(this.access).then((there) => there && this.say({ type: 'alive' }));
        break;
      default:
        if (this.#channel?.readyState === 'open') this.#channel.send(text);
    }
  }

  /** @param {number} code */
  close(code) {
    this.readyState = WebSocket.CLOSED;
    if (code !== leaves) return;
    this.keep('');
    this.forget();
  }

  async offer() {
    const pc = this.#pc;
    if (!pc) return;
    await gathered(pc, gatherTimeout);
    const response = await fetch(this.endpoint, {
      method: 'POST',
      headers: { 'Content-Type': 'application/sdp', ...this.access.entering() },
      body: pc.localDescription?.sdp ?? '',
      signal: AbortSignal.timeout(10_000),
    });
    if (!response.ok) {
      const { status, message, code } = await refusalOf(response);
      if (status >= 500 || status === 429 || !code) return this.drop(); // without a code a proxy has answered
      return this.say({ type: 'error', error: message, code });
    }
    this.#session = new URL(response.headers.get('Location') ?? '', response.url).href;
    if (this.readyState === WebSocket.CLOSED) return this.forget();
    const back = /<([^>]+)>; rel="urn:tilemix:resume"/.exec(response.headers.get('Link') ?? '');
    this.keep(back ? new URL(back[1], response.url).href : '');
    this.say({ type: 'answer', sdp: await response.text() });
  }

  forget() {
    if (this.#session) void fetch(this.#session, { method: 'DELETE', keepalive: true }).catch(() => {});
    this.#session = '';
  }

  /** @param {ServerMessage} message */
  say(message) {
    const data = JSON.stringify(message);
    this.onmessage?.({ data });
  }
}
