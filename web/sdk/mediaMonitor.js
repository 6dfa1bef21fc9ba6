// Watches whether media arrives over a connection.

const startTimeout = 15_000; // ms, from the answer to ICE and DTLS done
const patience = 5_000; // ms without media until the connection is lost, although the server answers
const farewell = 2_000; // ms that a server which has closed the connection has to say why
const interval = 200; // ms between two counts of packets
const enough = 2; // counts without a packet until the page asks the server
const soon = 4; // counts that an answer has when silence is sudden
const rarely = 25; // counts between two questions, and that an answer has otherwise
const steady = 5; // packets in a count; the mix's audio brings ten

/**
 * @typedef {object} MediaEvents
 * @property {() => void} flowing media arrives, for the first time or again
 * @property {() => void} silent no media arrives, but the server answers: another network path may help
 * @property {() => void} stalled media has stopped, but may resume
 * @property {(there: boolean) => void} lost the connection is lost; there: the server may still
 *   answer. Called once, as the last event
 */

/**
 * Watches one RTCPeerConnection from its answer to its end. The browser needs
 * five seconds and more to notice a lost server. The page asks the server after half a
 * second without packets, because a quiet room sends none and a network may stall. The
 * server is lost if neither an answer nor media arrives. The monitor counts intervals
 * instead of time, so that a page that was suspended does not blame the network.
 */
export class MediaMonitor {
  #flowed = false;
  #stalled = false;
  #done = false;
  #received = 0;
  #usual = 0; // packets in a count
  #missed = 0; // counts without any
  #answered = true;
  #looking = false;
  #limit = 0;
  #look = 0;

  /**
   * @param {RTCPeerConnection} pc
   * @param {MediaEvents} events
   * @param {() => Promise<boolean | null>} ask whether the server answers; null: the connection is lost
   */
  constructor(pc, events, ask) {
    this.pc = pc;
    this.events = events;
    this.ask = ask;
    pc.addEventListener('connectionstatechange', () => this.#change());
    if (pc.connectionState === undefined) pc.addEventListener('iceconnectionstatechange', () => this.#change());
    pc.addEventListener('track', ({ receiver: { transport } }) => {
      // A server that ends the session closes DTLS. What it says of that may come a little later.
      transport?.addEventListener('statechange', () => !this.#done && transport.state === 'closed' && this.#within(farewell));
    });
  }

  /** The answer has arrived: media has startTimeout from now on. */
  start() {
    if (!this.#flowed && !this.#done) this.#within(startTimeout);
  }

  /** Stops, without events. */
  close() {
    this.#done = true;
    clearTimeout(this.#limit);
    clearInterval(this.#look);
  }

  /** The state of the connection. Firefox has that of ICE only, before version 113. */
  #state() {
    const state = /** @type {string} */ (this.pc.connectionState ?? this.pc.iceConnectionState);
    return state === 'completed' ? 'connected' : state;
  }

  #change() {
    if (this.#done) return;
    const state = this.#state();
    if (state === 'connected') this.#flow();
    else if (state === 'disconnected') this.#stall();
    else if (state === 'failed') this.#lose();
  }

  #flow() {
    clearTimeout(this.#limit);
    this.#stalled = false;
    this.#missed = 0;
    if (!this.#flowed) this.#look = setInterval(() => void this.#count(), interval);
    this.#flowed = true;
    this.events.flowing();
  }

  #stall() {
    if (this.#done || this.#stalled || !this.#flowed) return;
    this.#stalled = true;
    this.#within(patience);
    this.events.stalled();
  }

  #lose(there = true) {
    if (this.#done) return;
    this.close();
    this.events.lost(there);
  }

  /** @param {number} ms */
  #within(ms) {
    clearTimeout(this.#limit);
    this.#limit = setTimeout(() => this.#lose(), ms);
  }

  /** Counts the packets since the last count. */
  async #count() {
    if (this.#looking) return; // the last count is not done, on a busy machine
    this.#looking = true;
    const received = await packetsReceived(this.pc).finally(() => { this.#looking = false; });
    if (this.#done) return;
    const come = received - this.#received;
    this.#received = received;
    if (come === 0) return this.#miss();
    this.#usual += (come - this.#usual) / 4;
    this.#missed = 0;
    if (this.#stalled && this.#state() === 'connected') this.#flow();
  }

  /** No packet has arrived since the last count. */
  #miss() {
    this.#missed += 1;
    if (this.#missed < enough || this.#received === 0) return;
    const sudden = this.#usual >= steady;
    const since = (this.#missed - enough) % rarely;
    if (since === 0) void this.#ask();
    else if (!this.#answered && since >= (sudden ? soon : rarely - 1)) this.#lose(false);
    else if (sudden && this.#missed === enough + soon) this.events.silent();
  }

  async #ask() {
    this.#answered = false;
    const there = await this.ask();
    if (there === null) this.#lose();
    else if (there) this.#answered = true;
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
