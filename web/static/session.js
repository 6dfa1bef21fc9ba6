// A participant's session in a call, over one or more connections.

import { Backoff } from './backoff.js';
import { actWith, entering, protocols } from './credentials.js';
import { at } from './dom.js';
import { Link } from './link.js';
import { stalledText } from './overlay.js';

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

  /**
   * @param {State} state changed in place
   * @param {Devices} devices
   * @param {SessionEvents} events
   */
  constructor(state, devices, events) {
    this.state = state;
    this.devices = devices;
    this.events = events;
  }

  join() {
    this.#backoff.cancel();
    this.link?.suspend();
    this.link = new Link({ url: this.#url(), protocols: protocols(this.#secret) }, () => this.devices.tracks, {
      message: (message) => this.#receive(message),
      mix: (stream) => this.events.mix(stream),
      connected: () => {
        this.#been = true;
        this.#backoff.reset();
        this.state.soundOnly = this.link?.soundOnly ?? false;
        this.#enter('connected', '');
      },
      stalled: () => this.#enter('stalled', stalledText()),
      lost: (loss) => void this.#lost(loss),
      removed: (message) => {
        this.state.removed = message;
        this.#secret = '';
        actWith('');
        this.#enter('removed', '');
      },
      refused: (reason) => this.#refused(reason),
    }, this.#backoff.patience);
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
    this.link?.suspend();
  }

  leave() {
    this.#backoff.cancel();
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

  /** The resume token of this room. A reload keeps it; another window has none. */
  get #secret() {
    return stored(() => sessionStorage.getItem(`tilemix.resume.${this.state.room}`)) ?? '';
  }

  set #secret(secret) {
    stored(() => sessionStorage.setItem(`tilemix.resume.${this.state.room}`, secret));
  }

  #url() {
    const { room, name } = this.state;
    return at(`/ws/${encodeURIComponent(room)}?name=${encodeURIComponent(name)}`).replace(/^http/, 'ws');
  }

  /** @param {ServerMessage} message */
  #receive(message) {
    switch (message.type) {
      case 'welcome':
        if (message.id !== this.state.id) this.state.held = { audio: '', video: '' };
        this.state.id = message.id;
        this.state.rights = message.rights ?? [];
        this.state.name = message.name;
        this.state.waiting = 0;
        this.state.rendition = null;
        this.#secret = message.resume ?? '';
        actWith(this.#secret);
        // A muted device stays muted over a new connection.
        this.sendMute();
        break;
      case 'waiting':
        this.state.waiting = message.position;
        this.state.participants = [];
        this.state.layout = null;
        break;
      case 'admitted':
        this.state.waiting = 0;
        this.state.rendition = null;
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
      case 'participants':
        this.state.participants = message.participants ?? [];
        break;
      case 'standing':
        this.state.rights = message.rights ?? [];
        break;
      case 'speaking': {
        const ids = message.ids ?? [];
        for (const p of this.state.participants) p.speaking = ids.includes(p.id);
        break;
      }
      case 'layout':
        this.state.layout = message;
        break;
      case 'uplink':
        this.state.uplink = message;
        break;
      case 'rendition':
        this.state.rendition = message;
        break;
    }
    this.events.message(message);
  }

  /** @param {import('./link.js').Loss} loss */
  async #lost(loss) {
    this.#enter(this.#been ? 'reconnecting' : 'connecting', this.#describe(loss));
    // A browser does not say why a WebSocket did not open, but a plain request to the
    // same address shows the answer.
    const why = loss === 'unreached' ? await whyRefused(this.#url(), this.#been) : null;
    if (this.state.phase === 'left') return;
    // The request has no resume token, with which the server may still know this page.
    const passes = this.#been && this.#backoff.tries < 5 && (why?.code === 'invite_used' || why?.code === 'room_locked');
    if (why && !passes) return this.#refused(why.error, why.code);
    this.#backoff.schedule(() => this.join());
    // One silent link does not mean that all clients come back at this moment.
    if (loss === 'silent' && this.#backoff.tries === 1) this.#backoff.now();
  }

  /** @param {import('./link.js').Loss} loss */
  #describe(loss) {
    const often = this.#backoff.tries > 2;
    if (!navigator.onLine) return 'You are offline. Waiting for the network…';
    if (loss === 'media' && (often || !this.#been)) {
      return 'Video and audio do not arrive. A firewall may block UDP. Trying again…';
    }
    if (loss !== 'media' && (often || !this.#been)) return 'The server does not answer. Trying again…';
    return 'Connection lost, reconnecting…';
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

/**
 * What storage says, where the browser allows it.
 *
 * @template T
 * @param {() => T} access
 * @returns {T | undefined}
 */
function stored(access) {
  try {
    return access();
  } catch {
    return undefined;
  }
}

/**
 * The server's reason for refusing a WebSocket, null when it gives none or trying again may
 * help.
 *
 * @param {string} url of the WebSocket
 * @param {boolean} been whether this page was in the call, so that "full" (503) may pass
 * @returns {Promise<{error: string, code: string} | null>}
 */
async function whyRefused(url, been) {
  try {
    const response = await fetch(url.replace(/^ws/, 'http'), { headers: entering(), signal: AbortSignal.timeout(4000) });
    // 426: only the upgrade was missing, which a plain request does not have.
    const { status } = response;
    if (status === 426 || (status === 503 && been)) return null;
    if (status !== 503 && (status < 400 || status >= 500)) return null;
    const { error = '', code = '' } = await response.json();
    return error ? { error: String(error), code: String(code) } : null;
  } catch {
    return null;
  }
}
