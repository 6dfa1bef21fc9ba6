// A participant's session in a call, over one or more connections.

import { Backoff } from './backoff.js';
import { Detour } from './detour.js';
import { EventStream } from './eventStream.js';
import { Link } from './link.js';
import { lossText, note } from './note.js';
import { stalledText, whyRefused } from './reach.js';
import { Reporter } from './report.js';

export { newState } from './note.js';

/**
 * @typedef {import('./protocol.js').ServerMessage} ServerMessage
 * @typedef {import('./protocol.js').ClientMessage} ClientMessage
 * @typedef {import('./devices.js').Devices} Devices
 *
 * @typedef {'connecting' | 'connected' | 'stalled' | 'reconnecting' | 'refused' | 'removed' | 'left'} Phase
 *
 * @typedef {object} State what the page shows
 * @property {Phase} phase
 * @property {string} problem why the page waits or reconnects, or why the server refused; '' otherwise
 * @property {string} code the code of a refusal, '' for none
 * @property {boolean} soundOnly whether the server has no video in common with this browser
 * @property {string} id our own participant ID; it stays when the page comes back in time
 * @property {string} room
 * @property {number} waiting our place in the queue of those who wait to be let in; 0: we do not wait
 * @property {string} name
 * @property {boolean} audioOff
 * @property {boolean} videoOff
 * @property {{audio: string, video: string}} held why a host lets a device not be switched on, '' where it may be
 * @property {string} role '' where the server names none
 * @property {string[]} rights what this participant may do, see the guide of the protocol
 * @property {boolean} locked whether the room lets in hosts only
 * @property {import('./protocol.js').RemovedMessage | null} removed why a host ended the call for this page
 * @property {import('./protocol.js').Person[]} participants
 * @property {import('./protocol.js').LayoutMessage | null} layout
 * @property {import('./protocol.js').UplinkMessage | null} uplink
 * @property {import('./protocol.js').RenditionMessage | null} rendition
 *
 * @typedef {object} SessionEvents
 * @property {(phase: Phase) => void} phase
 * @property {(message: ServerMessage) => void} message
 * @property {(stream: MediaStream) => void} mix
 */

/** Joins, and joins again whenever the connection is lost. */
export class Session {
  /** @type {Link | null} */
  link = null;
  /** Whether media has arrived at least once. */
  #been = false;
  #backoff = new Backoff();
  /** WebSockets in a row that did not open, although the server answers. */
  #blocked = 0;
  /** Whether WHIP, or its data channel, did not work either. */
  #mute = false;
  /** @type {import('./crossing.js').Crossing | null} */
  crossing = null;
  #reporter = new Reporter(() => (this.state.waiting ? null : this.link?.pc ?? null), (message) => this.send(message));

  /**
   * @param {State} state changed in place
   * @param {Devices} devices
   * @param {SessionEvents} events
   * @param {import('./access.js').Access} access
   */
  constructor(state, devices, events, access) {
    this.access = access;
    this.state = state;
    this.devices = devices;
    this.events = events;
  }

  join() {
    this.#backoff.cancel();
    this.crossing?.close();
    this.link?.suspend();
    const { flaw } = this.access;
    if (flaw) return this.#refused('the invitation or the PIN has a character that none has', flaw);
    this.link = this.#connect(this.#heard);
  }

  /** @param {import('./link.js').LinkEvents} events */
  #connect(events) {
    return new Link(this.#way(), () => this.devices.tracks, events, this.#backoff.patience, this.access);
  }

  /** @type {import('./link.js').LinkEvents} */
  #heard = {
    message: (message) => this.#receive(message),
    mix: (stream) => this.events.mix(stream),
    connected: () => {
      this.#been = true;
      if (this.link?.ws instanceof WebSocket) this.#blocked = 0;
      this.#backoff.reset();
      this.state.soundOnly = this.link?.soundOnly ?? false;
      this.#reporter.start();
      this.#enter('connected', '');
    },
    stalled: () => this.#enter('stalled', stalledText()),
    lost: (loss) => void this.#lost(loss),
    removed: (message) => {
      this.crossing?.close();
      this.state.removed = message;
      this.#secret = '';
      this.access.acting = '';
      this.#enter('removed', '');
    },
    refused: (reason, code) => this.#refused(reason, code),
  };

  /**
   * Joins at the server where the room goes on, and then leaves this one.
   *
   * @param {import('./protocol.js').RelocateMessage} to
   */
  async #cross(to) {
    const { Crossing } = await import('./crossing.js'); // few calls need it
    if (this.crossing?.under || !this.#been || !this.link) return;
    this.crossing = new Crossing(this, to, (events) => this.#connect(events), this.#heard);
  }

  /** Tries again at once, if an attempt is scheduled. */
  retry() {
    this.#backoff.now();
  }

  /** The machine's network has changed. */
  networkChanged() {
    this.retry();
    void this.link?.networkChanged();
  }

  /** The page goes away, and may be loading again. */
  suspend() {
    this.crossing?.close();
    this.link?.suspend();
  }

  leave() {
    this.#reporter.stop();
    this.#backoff.cancel();
    this.crossing?.close();
    this.link?.close();
    this.link = null;
    this.#secret = '';
    this.#enter('left', '');
  }

  /** @param {ClientMessage} message */
  send(message) {
    this.link?.send(message);
  }

  /** Sends which devices are off, unless this participant may send nothing. */
  sendMute() {
    const { rights } = this.state;
    if (rights.length && !rights.includes('publish.audio') && !rights.includes('publish.video')) return;
    this.send({ type: 'mute', audioMuted: this.state.audioOff, videoMuted: this.state.videoOff });
  }

  /**
   * Comes back by another resume token from now on.
   *
   * @param {string | undefined} secret
   */
  keep(secret) {
    if (secret) this.#secret = secret;
  }

  /** The resume token of this room. */
  get #secret() {
    return this.access.kept(`resume.${this.state.room}`);
  }

  set #secret(secret) {
    this.access.keep(`resume.${this.state.room}`, secret);
  }

  #url() {
    return this.#at('ws').replace(/^http/, 'ws');
  }

  /** @param {string} kind */
  #at(kind) {
    const { room, name } = this.state;
    const role = this.access.role && `&role=${encodeURIComponent(this.access.role)}`;
    return this.access.at(`/${kind}/${encodeURIComponent(room)}?name=${encodeURIComponent(name)}${role}`);
  }

  /** A WebSocket; after two that were blocked WHIP and a data channel; without these events and posts. */
  #way() {
    const { access, access: { transport, role } } = this;
    const resume = this.#secret;
    if (this.#blocked < 2 && transport === 'auto') return new WebSocket(this.#url(), access.protocols(resume));
    if (transport === 'sse' || role || (this.#mute && transport === 'auto')) { // WHIP has no roles
      return new EventStream(this.#at('sse'), { ...access.entering(), ...(resume && { 'Tilemix-Resume': resume }) });
    }
    const key = `return.${this.state.room}`;
    return new Detour(access.kept(key) || this.#at('whip'), (address) => access.keep(key, address), access);
  }

  /** @param {ServerMessage} message */
  #receive(message) {
    switch (message.type) {
      case 'welcome':
        if (message.id !== this.state.id && !message.muted) this.state.held = { audio: '', video: '' };
        this.state.id = message.id;
        this.state.role = message.role ?? '';
        this.state.rights = message.rights ?? [];
        this.state.name = message.name;
        // What a host switched off stays off, also if this page does not know of it yet.
        this.state.audioOff ||= message.muted?.audioMuted ?? false;
        this.state.videoOff ||= message.muted?.videoMuted ?? false;
        this.state.waiting = 0;
        this.state.rendition = null;
        this.#secret = message.resume ?? '';
        this.access.acting = this.#secret;
        // A muted device stays muted over a new connection.
        this.sendMute();
        break;
      case 'moved': {
        const secret = this.#secret;
        this.#secret = '';
        this.state.room = message.room;
        this.state.waiting = 0;
        this.state.rendition = null;
        this.#secret = secret;
        break;
      }
      case 'relocate':
        void this.#cross(message);
        return;
      default:
        note(this.state, message);
    }
    this.events.message(message);
  }

  /** @param {import('./link.js').Loss} loss */
  async #lost(loss) {
    if (this.crossing?.under && this.crossing.up) return void this.crossing.arrive();
    this.#enter(this.#been ? 'reconnecting' : 'connecting', lossText(loss, this.#been, this.#backoff.tries));
    const ws = this.link?.ws;
    if (!(ws instanceof WebSocket)) this.#blocked = 1; // a WebSocket may open by now
    if (ws instanceof Detour && !ws.spoke && this.access.transport === 'auto') {
      this.#mute = true;
      this.#blocked = 2;
      return this.join();
    }
    if (ws instanceof EventStream && !this.link?.pc?.remoteDescription) this.#mute = false;
    const unopened = loss === 'unreached' || (loss === 'silent' && !this.#been);
    const why = unopened ? await whyRefused(this.#url(), this.#been, this.access) : null;
    if (this.state.phase === 'left') return;
    if (why?.blocked && ws instanceof WebSocket && this.#blocked < 2) {
      this.#blocked = loss === 'silent' ? 2 : this.#blocked + 1;
      return this.join();
    }
    // The request has no resume token, with which the server may still know this page.
    const passes = this.#been && this.#backoff.tries < 5 && (why?.code === 'invite_used' || why?.code === 'room_locked');
    if (why?.error && !passes) return this.#refused(why.error, why.code);
    this.#backoff.schedule(() => this.join());
    // One silent link does not mean that all clients come back at this moment.
    if (loss === 'silent' && this.#backoff.tries === 1) this.#backoff.now();
  }

  /**
   * @param {string} reason
   * @param {string} [code]
   */
  #refused(reason, code = '') {
    this.state.code = code;
    this.#backoff.cancel();
    this.#secret = '';
    this.#enter('refused', reason);
  }

  /**
   * @param {Phase} phase
   * @param {string} problem
   */
  #enter(phase, problem) {
    this.state.phase = phase;
    this.state.problem = problem;
    this.events.phase(phase);
  }
}
