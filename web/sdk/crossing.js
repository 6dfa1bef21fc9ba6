// The way of a call to another server of a cluster: the client joins there before it leaves here.

const gather = 2_000; // ms from our media to that of the others, at most
const settle = 250; // ms from the others' media until their pictures are in the mix
const again = 1_000; // ms between two attempts
const attempts = 8;

/**
 * @typedef {import('./link.js').Link} Link
 * @typedef {import('./protocol.js').ServerMessage} ServerMessage
 */

/**
 * Has the mix of a link play on in a stream that plays already, so that an element shows the last picture until
 * the next.
 *
 * @param {Link} link
 * @param {MediaStream} stream
 */
export function playOn(link, stream) {
  const before = stream.getTracks();
  for (const track of link.mix.getTracks()) stream.addTrack(track);
  for (const track of before) stream.removeTrack(track);
  link.mix = stream;
}

/** One way. The old connection goes on until the new one has the same people, or 2 s have passed. */
export class Crossing {
  /** @type {Link | null} */
  link = null;
  /** What the other server has said: the page gets it once it is there. @type {ServerMessage[]} */
  messages = [];
  /** Whether media comes from there. */
  up = false;
  #tries = 0;
  #timer = 0;
  #over = false;
  #near = false;

  /**
   * @param {(events: import('./link.js').LinkEvents) => Link} connect
   * @param {() => string[]} here IDs of those in the call, as the old server knows them
   * @param {(link: Link) => void} greet called when the new server has let the client in
   * @param {() => void} arrived called once, when the new connection takes over
   */
  constructor(connect, here, greet, arrived) {
    this.connect = connect;
    this.here = here;
    this.greet = greet;
    this.arrived = arrived;
    this.#try();
  }

  #try() {
    this.messages = [];
    this.#tries += 1;
    const fail = () => this.#fail();
    this.link = this.connect({
      message: (message) => this.#hear(message),
      mix() {},
      connected: () => {
        if (!this.up) this.#timer = setTimeout(() => this.arrive(), gather);
        this.up = true;
        this.#look();
      },
      stalled() {},
      lost: fail,
      removed: fail,
      refused: fail,
    });
  }

  #fail() {
    if (this.#over) return;
    this.up = this.#near = false;
    this.link = null;
    clearTimeout(this.#timer);
    if (this.#tries < attempts) this.#timer = setTimeout(() => this.#try(), again);
    else this.#over = true; // the server tells the client again while it has the old connection
  }

  /** @param {ServerMessage} message */
  #hear(message) {
    this.messages.push(message);
    if (message.type === 'welcome' && this.link) this.greet(this.link);
    this.#look();
  }

  /** Takes over when all others are there. */
  #look() {
    if (!this.up || this.#near || this.#over) return;
    const list = this.messages.findLast((m) => m.type === 'participants');
    const there = (list?.type === 'participants' && list.participants || []).map((p) => p.id);
    if (!this.here().every((id) => there.includes(id))) return;
    this.#near = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.arrive(), settle);
  }

  /** Takes over now. */
  arrive() {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.arrived();
  }

  /** Whether it goes on. */
  get under() {
    return !this.#over;
  }

  /** Gives up. */
  close() {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.link?.close();
  }
}
