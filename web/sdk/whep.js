// Receives a call's video and audio over WHEP: one request, one answer.

import { MediaMonitor } from './mediaMonitor.js';
import { offer } from './offer.js';
import { chooseCodecs } from './uplink.js';

const gatherTimeout = 1_500; // ms
const probeTimeout = 4_000; // ms

/** A refusal of the server: the HTTP status, the reason and its code. */
export class Refusal extends Error {
  /**
   * @param {number} status
   * @param {string} reason
   * @param {string} code
   */
  constructor(status, reason, code) {
    super(reason);
    this.status = status;
    this.code = code;
  }
}

/** One WHEP session. */
export class Subscription {
  pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  stream = new MediaStream();
  #location = '';
  #closed = false;

  /**
   * @param {import('./mediaMonitor.js').MediaEvents} events
   * @param {import('./access.js').Access} access
   */
  constructor(events, access) {
    this.access = access;
    this.pc.ontrack = ({ track }) => this.stream.addTrack(track);
    this.monitor = new MediaMonitor(this.pc, {
      ...events,
      lost: (there) => {
        events.lost(there); // first, so that the page keeps the last picture
        this.close();
      },
    }, () => this.#there());
  }

  /**
   * Whether the server has the session, null if it has not. A relay of a cluster may be dead although the server
   * that the page knows answers.
   *
   * @returns {Promise<boolean | null>}
   */
  async #there() {
    try {
      const { status } = await fetch(this.#location, {
        method: 'PATCH',
        headers: { 'Content-Type': 'application/trickle-ice-sdpfrag', 'If-Match': '*', ...this.access.entering() },
        body: 'a=end-of-candidates\r\n',
        signal: AbortSignal.timeout(probeTimeout),
      });
      return status === 404 ? null : status < 500;
    } catch {
      return false;
    }
  }

  /**
   * Requests the room's mix. Throws a Refusal when the server refuses, and TypeError when it
   * does not answer.
   *
   * @param {string} endpoint
   */
  async open(endpoint) {
    const { pc } = this;
    pc.setConfiguration({ ...pc.getConfiguration(), iceServers: await iceServers(this.access) });
    if (this.#closed) return;
    pc.addTransceiver('audio', { direction: 'recvonly' });
    chooseCodecs(pc.addTransceiver('video', { direction: 'recvonly' }), this.access.onlyVP8);
    await offer(pc);
    await gathered(pc, gatherTimeout);
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { 'Content-Type': 'application/sdp', ...this.access.entering() },
      body: pc.localDescription?.sdp ?? '',
      signal: AbortSignal.timeout(10_000),
    });
    if (!response.ok) throw await refusalOf(response);
    this.#location = new URL(response.headers.get('Location') ?? '', response.url).href;
    if (this.#closed) return this.#delete(); // the viewer left in the meantime
    await pc.setRemoteDescription({ type: 'answer', sdp: await response.text() });
    this.monitor.start();
  }

  /** Ends the session, also while the page goes away. */
  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.monitor.close();
    this.pc.close();
    this.#delete();
  }

  #delete() {
    if (!this.#location) return;
    void fetch(this.#location, { method: 'DELETE', keepalive: true, headers: this.access.entering() }).catch(() => {});
    this.#location = '';
  }
}

/**
 * Waits for the candidates of an offer, so that no PATCH is needed.
 *
 * @param {RTCPeerConnection} pc
 * @param {number} ms that it waits at most
 */
export function gathered(pc, ms) {
  return new Promise((/** @type {(v?: unknown) => void} */ done) => {
    if (pc.iceGatheringState === 'complete') return done();
    pc.addEventListener('icegatheringstatechange', () => pc.iceGatheringState === 'complete' && done());
    setTimeout(done, ms);
  });
}

/**
 * Whether the server answers.
 *
 * @param {import('./access.js').Access} access
 * @returns {Promise<boolean>}
 */
export async function answers(access) {
  try {
    return (await fetch(access.at('/healthz'), { cache: 'no-store', signal: AbortSignal.timeout(probeTimeout) })).ok;
  } catch {
    return false;
  }
}

/**
 * The ICE servers, with fresh credentials. Without them the page tries to connect, too.
 *
 * @param {import('./access.js').Access} access
 * @returns {Promise<RTCIceServer[]>}
 */
export async function iceServers(access) {
  try {
    const response = await fetch(access.at('/api/v1/ice-servers'), { signal: AbortSignal.timeout(4_000) });
    return response.ok ? (await response.json()).iceServers : [];
  } catch {
    return [];
  }
}

/**
 * @param {Response} response
 * @returns {Promise<Refusal>}
 */
export async function refusalOf(response) {
  try {
    const { error, code = '' } = await response.json();
    return new Refusal(response.status, String(error), String(code));
  } catch {
    return new Refusal(response.status, `The server answered ${response.status}.`, '');
  }
}
