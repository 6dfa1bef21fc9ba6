// Whether media gets through a connection.

const startTimeout = 15_000; // ms, from the answer to ICE and DTLS done
const patience = 5_000; // ms without media before it counts as lost
const interval = 500; // ms between two looks at what has come
const enough = 4; // looks without a packet that are reason to ask
const probeInterval = 1_000; // ms between two questions whether the server is there
const quietInterval = 5_000; // ms between them while it is
const probeTimeout = 2_000; // ms

/**
 * @typedef {object} FlowEvents
 * @property {() => void} flowing media gets through, for the first time or again
 * @property {() => void} stalled nothing comes any more, but it may come again
 * @property {() => void} lost it is over; called once, and nothing after it
 */

/**
 * Watches one RTCPeerConnection from its answer to its end. The browser needs
 * five seconds and more to find out that nobody is there. Packets that stay away
 * for two are reason to ask: a room where nothing moves or sounds sends none, but
 * a server that does not answer a request either is gone.
 */
export class Flow {
  #flowed = false;
  #stalled = false;
  #done = false;
  #received = 0;
  #missed = 0;
  #unanswered = 0;
  #probing = false;
  #limit = 0;
  #look = 0;

  /**
   * @param {RTCPeerConnection} pc
   * @param {FlowEvents} events
   */
  constructor(pc, events) {
    this.pc = pc;
    this.events = events;
    pc.addEventListener('connectionstatechange', () => this.#change());
    pc.addEventListener('track', ({ receiver: { transport } }) => {
      // A server that ends the session says so in DTLS.
      transport?.addEventListener('statechange', () => transport.state === 'closed' && this.#lose());
    });
  }

  /** The answer is there: from now on media has its time to come. */
  start() {
    if (!this.#flowed && !this.#done) this.#within(startTimeout);
  }

  /** Ends the watch, without events. */
  close() {
    this.#done = true;
    clearTimeout(this.#limit);
    clearInterval(this.#look);
  }

  get #quiet() {
    return this.#stalled || (this.#received > 0 && this.#missed >= enough);
  }

  #change() {
    if (this.#done) return;
    const state = this.pc.connectionState;
    if (state === 'connected') this.#flow();
    else if (state === 'disconnected') this.#stall();
    else if (state === 'failed') this.#lose();
  }

  #flow() {
    clearTimeout(this.#limit);
    this.#stalled = false;
    this.#missed = 0;
    this.#unanswered = 0;
    if (!this.#flowed) this.#look = setInterval(() => void this.#count(), interval);
    this.#flowed = true;
    this.events.flowing();
  }

  #stall() {
    if (this.#done || this.#stalled || !this.#flowed) return;
    this.#stalled = true;
    this.#within(patience);
    this.events.stalled();
    void this.#probe();
  }

  #lose() {
    if (this.#done) return;
    this.close();
    this.events.lost();
  }

  /** @param {number} ms */
  #within(ms) {
    clearTimeout(this.#limit);
    this.#limit = setTimeout(() => this.#lose(), ms);
  }

  /** Looks whether packets have come since the last look. */
  async #count() {
    const received = await packetsReceived(this.pc);
    if (this.#done) return;
    if (received !== this.#received) {
      this.#received = received;
      this.#missed = 0;
      if (this.#stalled && this.pc.connectionState === 'connected') this.#flow();
      return;
    }
    this.#missed++;
    if (this.#quiet) void this.#probe();
  }

  /** Asks whether the server is there. One lost request does not say that it is not. */
  async #probe() {
    if (this.#probing) return;
    this.#probing = true;
    const there = await answers();
    this.#unanswered = there || !this.#quiet ? 0 : this.#unanswered + 1;
    if (this.#unanswered > 1) this.#lose();
    else if (this.#unanswered > 0) this.#stall();
    setTimeout(() => { this.#probing = false; }, there && !this.#stalled ? quietInterval : probeInterval);
  }
}

/**
 * @param {RTCPeerConnection} pc
 * @returns {Promise<number>}
 */
async function packetsReceived(pc) {
  let sum = 0;
  for (const report of (await pc.getStats()).values()) {
    if (report.type === 'inbound-rtp') sum += report.packetsReceived ?? 0;
  }
  return sum;
}

/** @returns {Promise<boolean>} */
async function answers() {
  try {
    return (await fetch('/healthz', { cache: 'no-store', signal: AbortSignal.timeout(probeTimeout) })).ok;
  } catch {
    return false;
  }
}
