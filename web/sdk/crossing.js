// The way of a call to another server of a cluster: the client joins there before it leaves here.

const gather = 2_000; // ms from our media to that of the others, at most
const settle = 250; // ms from the others' media until their pictures are in the mix
const again = 1_000; // ms between two attempts
const attempts = 8;
/** Messages that describe a whole, each of which replaces the one before. */
const wholes = ['participants', 'speaking', 'layout', 'uplink', 'rendition', 'recordings', 'room', 'lobby'];

/**
 * @typedef {import('./link.js').Link} Link
 * @typedef {import('./protocol.js').ServerMessage} ServerMessage
 */

/**
 * Uses the server where a room goes on. A client that came by a name that several servers share keeps it.
 *
 * @param {import('./access.js').Access} access
 * @param {{url?: string, from?: string}} to
 */
function follow(access, { url, from }) {
  if (url && from && url !== from && new URL(from).origin === new URL(access.base).origin) {
    access.base = new URL(new URL(access.base).pathname, url).href;
  }
}

/**
 * Returns the stream in which a mix plays on where another plays. Where a browser can, it is the same stream, so that
 * an element shows the last picture until the next.
 *
 * @param {MediaStream} mix
 * @param {MediaStream} before
 */
export function playOn(mix, before) {
  if ('mozCaptureStream' in HTMLMediaElement.prototype) return mix; // Firefox shows no track that a stream gets later
  const tracks = before.getTracks();
  for (const track of mix.getTracks()) before.addTrack(track);
  for (const track of tracks) before.removeTrack(track);
  return before;
}

/** Lets the browser show pictures meanwhile. A hidden page has none to show, and its timers wait for long. */
async function pause() {
  if (!document.hidden) await new Promise((resolve) => setTimeout(resolve));
}

/** No events, of a connection that is left. @type {import('./link.js').LinkEvents} */
const quiet = { message() {}, mix() {}, connected() {}, stalled() {}, lost() {}, removed() {}, refused() {} };

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
   * @param {import('./session.js').Session} session
   * @param {import('./protocol.js').RelocateMessage} to
   * @param {(events: import('./link.js').LinkEvents) => Link} connect
   * @param {import('./link.js').LinkEvents} heard what the new connection tells once it has taken over
   */
  constructor(session, to, connect, heard) {
    this.session = session;
    this.connect = connect;
    this.heard = heard;
    follow(session.access, to);
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
    const { state } = this.session;
    if (message.type === 'welcome') {
      this.session.keep(message.resume); // the one before is used up, also if this way fails
      this.link?.send({ type: 'mute', audioMuted: state.audioOff, videoMuted: state.videoOff });
    }
    this.#look();
  }

  /** Takes over when all others are there. */
  #look() {
    if (!this.up || this.#near || this.#over) return;
    /** @type {string[]} */
    let there = [];
    for (const m of this.messages) if (m.type === 'participants') there = (m.participants ?? []).map((p) => p.id);
    if (!this.session.state.participants.every((p) => there.includes(p.id))) return;
    this.#near = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.arrive(), settle);
  }

  /** Takes over now. */
  async arrive() {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    const { link, session } = this;
    const old = session.link;
    if (!link) return;
    if (old) {
      old.events = quiet;
      link.mix = playOn(link.mix, old.mix);
    }
    session.link = link;
    this.heard.mix(link.mix);
    for (const kind of /** @type {const} */ (['audio', 'video'])) void link.replace(kind, session.devices.tracks[kind]);
    await this.#tell(link);
    if (old?.ws instanceof WebSocket) old.close();
    else old?.suspend(); // the ways around WebSockets share the address to come back by
  }

  /**
   * Tells the page what the other server has said meanwhile, in steps, so that the picture goes on. Only the newest
   * of what describes a whole is told.
   *
   * @param {Link} link
   */
  async #tell(link) {
    const { messages, heard, session } = this;
    link.events = { ...heard, message: (message) => messages.push(message) };
    for (let message; (message = messages.shift()) && session.link === link;) {
      const { type } = message;
      if (wholes.includes(type) && messages.some((later) => later.type === type)) continue;
      await pause();
      heard.message(message);
    }
    if (session.link !== link) return;
    link.events = heard;
    heard.connected();
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
