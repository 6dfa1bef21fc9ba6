// Whether media gets through a connection.

const startTimeout = 15_000; // ms, from the answer to ICE and DTLS done
const patience = 5_000; // ms without media before it counts as lost, though the server is there
const interval = 200; // ms between two looks at what has come
const enough = 2; // looks without a packet that are reason to ask
const soon = 4; // looks after which there is an answer, or none will come
const rarely = 25; // looks between two questions; what an answer has where silence is no news
const steady = 5; // packets in each look: the mix's sound brings ten

/**
 * @typedef {object} MediaEvents
 * @property {() => void} flowing media gets through, for the first time or again
 * @property {() => void} silent nothing comes, but the server is there: another way may help
 * @property {() => void} stalled nothing comes any more, but it may come again
 * @property {(there: boolean) => void} lost it is over, and whether the server may still be there;
 *   called once, and nothing after it
 */

/**
 * Watches one RTCPeerConnection from its answer to its end. The browser needs
 * five seconds and more to find out that nobody is there. Packets that stay away
 * for half a second are reason to ask: a room where nothing moves or sounds sends none,
 * and a line may falter, but who does not answer before media comes again is gone. Looks
 * are counted, not time, so that a page that was held up does not blame the line.
 */
export class MediaMonitor {
  #flowed = false;
  #stalled = false;
  #done = false;
  #received = 0;
  #usual = 0; // packets in a look
  #missed = 0; // looks without any
  #answered = true;
  #looking = false;
  #limit = 0;
  #look = 0;

  /**
   * @param {RTCPeerConnection} pc
   * @param {MediaEvents} events
   * @param {() => Promise<boolean>} ask whether the server is there
   */
  constructor(pc, events, ask) {
    this.pc = pc;
    this.events = events;
    this.ask = ask;
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

  /** Looks whether packets have come since the last look. */
  async #count() {
    if (this.#looking) return; // a busy machine
    this.#looking = true;
    const received = await packetsReceived(this.pc).finally(() => { this.#looking = false; });
    if (this.#done) return;
    const come = received - this.#received;
    this.#received = received;
    if (come === 0) return this.#miss();
    this.#usual += (come - this.#usual) / 4;
    this.#missed = 0;
    if (this.#stalled && this.pc.connectionState === 'connected') this.#flow();
  }

  /** Nothing has come since the last look. */
  #miss() {
    this.#missed++;
    if (this.#missed < enough || this.#received === 0) return;
    const sudden = this.#usual >= steady;
    const since = (this.#missed - enough) % rarely;
    if (since === 0) void this.#ask();
    else if (!this.#answered && since >= (sudden ? soon : rarely - 1)) this.#lose(false);
    else if (sudden && this.#missed === enough + soon) this.events.silent();
  }

  async #ask() {
    this.#answered = false;
    if (await this.ask()) this.#answered = true;
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
