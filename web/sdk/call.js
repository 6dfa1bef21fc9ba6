// A call as a program has it.

import { Access } from './access.js';
import { Actions, quiet } from './actions.js';
import { Devices, explain, problemOf } from './devices.js';
import { TilemixError } from './errors.js';
import { endOf, eventOf, listOf, phaseOf } from './happenings.js';
import { LocalMedia } from './localMedia.js';
import { Picture } from './picture.js';
import { Session, newState } from './session.js';
import { Share } from './share.js';

/**
 * @typedef {import('./protocol.js').ServerMessage} ServerMessage
 * @typedef {import('./protocol.js').ClientMessage} ClientMessage
 * @typedef {import('./devices.js').Kind} Kind
 */

const devicePatience = 1_500; // ms for the browser's prompt, before the call begins without devices

/** One call, from join to its end. index.d.ts says what each member is. */
export class Call extends Actions {
  #devices = new Devices();
  /** @type {Kind[]} */
  #wanted = [];
  #picture = new Picture(() => this.emit('blocked'));
  #recording = false;
  #broadcast = false;
  #state = 'connecting';
  /** How the call ended. */
  ended = { code: '', reason: '' };
  #online = () => this.#session.networkChanged();
  #hide = () => this.#session.suspend();
  #access;
  #local;
  #session;
  #share;

  /**
   * @param {{base: string, room: string, secret: string}} link
   * @param {import('./index.js').JoinOptions} options
   */
  constructor(link, options) {
    super();
    const secret = options.token ?? options.invite ?? link.secret;
    const access = this.#access = new Access(link.base, () => secret);
    access.pin = options.pin ?? '';
    access.role = options.role ?? '';
    access.receive = options.receive === 'audio' ? 'sound' : options.receive === false ? 'nothing' : 'all';
    access.transport = options.transport ?? 'auto';
    const state = newState(link.room, options.name ?? 'Guest', {
      audioOff: !this.#want('audio', options.microphone), videoOff: !this.#want('video', options.camera),
    });
    this.#session = new Session(state, this.#devices, {
      mix: (stream) => this.#picture.show(stream),
      phase: () => this.#phase(),
      message: (message) => this.#message(message),
    }, access);
    this.#local = new LocalMedia(this.#devices, state, {
      replace: async (kind, track) => this.#session.link?.replace(kind, track),
      chose() {},
      say: (text, warning) => warning && this.emit('error', new TilemixError('device', text)),
      changed: () => {
        this.#session.sendMute();
        this.#picture.self(state.videoOff || options.preview === false ? null : this.#devices.tracks.video);
      },
    });
    this.#share = new Share(this.#session, () => this.emit('sharing', this.#share.stream !== null));
  }

  get id() { return this.#session.state.id; }
  get name() { return this.#session.state.name; }
  get room() { return this.#session.state.room; }
  get role() { return this.#session.state.role; }
  get rights() { return this.#session.state.rights; }
  get state() { return this.#state; }
  get problem() { return this.#session.state.problem; }
  get element() { return this.#picture.element; }
  get stream() { return /** @type {MediaStream | null} */ (this.#picture.video.srcObject); }
  get me() { return this.participants.find((p) => p.you) ?? null; }
  get quality() { return this.me?.line ?? (this.#state === 'reconnecting' ? 'lost' : 'good'); }
  get rendition() { return this.#session.state.rendition; }
  get layout() { return this.#session.state.layout; }
  get recording() { return this.#recording; }
  get broadcasting() { return this.#broadcast; }
  get sharing() { return this.#share.stream !== null; }

  get participants() { return listOf(this.#session.state); }

  /** Opens the devices and connects. */
  async start() {
    addEventListener('online', this.#online);
    addEventListener('pagehide', this.#hide);
    // A page with an open microphone may play sound without a click.
    if (this.#wanted.length) {
      await Promise.race([this.#local.open(this.#wanted), new Promise((done) => setTimeout(done, devicePatience))]);
    }
    if (this.#state !== 'left') this.#session.join();
  }

  /**
   * @param {Kind} kind
   * @param {boolean | MediaTrackConstraints | MediaStreamTrack} [what]
   */
  #want(kind, what) {
    if (!what) return false;
    if (what instanceof MediaStreamTrack) this.#devices.given[kind] = what;
    else if (typeof what === 'object') this.#devices.besides[kind] = what;
    this.#wanted.push(kind);
    return true;
  }

  play() { return this.#picture.play(); }

  /** @param {{microphone?: boolean, camera?: boolean}} off */
  mute(off) {
    return quiet((async () => {
      for (const [kind, is] of /** @type {[Kind, boolean | undefined][]} */ ([['audio', off.microphone], ['video', off.camera]])) {
        if (is === undefined) continue;
        if (is) await this.#local.switchOff([kind]);
        else await this.#switchOn(kind);
      }
    })());
  }

  /** @param {Kind} kind */
  async #switchOn(kind) {
    await this.#local.switchOn(kind);
    const { held, audioOff, videoOff } = this.#session.state;
    if (!(kind === 'audio' ? audioOff : videoOff)) return;
    if (held[kind]) throw new TilemixError('forbidden', held[kind]);
    const problem = this.#devices.problem[kind];
    throw new TilemixError(`device_${problem || 'busy'}`, explain({ audio: '', video: '', [kind]: problem || 'busy' }));
  }

  /** @param {boolean} [on] */
  share(on = true) {
    return quiet((async () => {
      if (!on) return this.#share.stop();
      if (!this.#share.may) throw new TilemixError('unsupported', 'this browser, or this participant, cannot share a screen');
      try {
        await this.#share.start();
      } catch (error) {
        const gesture = error instanceof DOMException && error.name === 'InvalidStateError';
        throw new TilemixError(gesture ? 'gesture' : `device_${problemOf(error)}`, error instanceof Error ? error.message : String(error));
      }
    })());
  }

  /** @param {boolean} [on] */
  record(on = true) {
    return quiet((async () => {
      if (on) return void await this.#request('POST', 'recordings');
      const { recordings } = await this.#request('GET', 'recordings');
      for (const { id, state } of recordings) if (/starting|recording|paused/.test(state)) await this.#request('DELETE', `recordings/${id}`);
    })());
  }

  /** @param {boolean} [on] */
  broadcast(on = true) { return quiet(this.#request(on ? 'PUT' : 'DELETE', 'broadcast').then(() => {})); }

  async leave() {
    if (this.#state !== 'left') this.#session.leave();
  }

  /**
   * @param {string} method
   * @param {string} what
   */
  async #request(method, what) {
    const response = await fetch(this.#access.at(`/api/v1/rooms/${this.room}/${what}`), { method, headers: this.#access.headers() })
      .catch(() => { throw new TilemixError('unreachable', 'the server does not answer, or takes this request from its own pages only'); });
    const body = await response.json().catch(() => ({}));
    if (!response.ok) throw new TilemixError(body.code || `http_${response.status}`, body.error || `the server answered ${response.status}`);
    return body;
  }

  /** @param {ClientMessage} message */
  transmit(message) {
    const { phase } = this.#session.state;
    if (phase !== 'connected' && phase !== 'stalled') throw new TilemixError('not_connected', `the call is ${this.#state}`);
    this.#session.send(message);
  }

  /** @param {ServerMessage} m that has changed the state */
  #message(m) {
    const { state } = this.#session;
    if (!this.answered(m) && m.type === 'error') this.emit('error', new TilemixError(m.code || 'refused', m.error));
    switch (m.type) {
      case 'participants':
        this.emit('quality', this.quality);
        break;
      case 'welcome':
      case 'moved': // the server sends both again where they are on
        if (this.#recording) this.emit('recording', this.#recording = false);
        if (this.#broadcast) this.emit('broadcast', this.#broadcast = false);
        if (m.type === 'welcome' && m.muted) this.#hold(m.muted);
        break;
      case 'muted':
        this.#hold(m);
        break;
      case 'waiting':
      case 'admitted':
        this.#phase();
    }
    const [name, detail] = eventOf(m, state);
    if (name === 'recording') this.#recording = detail;
    if (name === 'broadcast') this.#broadcast = detail;
    if (name) this.emit(name, detail);
    this.#picture.layout(state.layout, state.id);
  }

  /** @param {import('./protocol.js').Muted} m what a host switched off, and holds */
  #hold(m) {
    const by = m.by || 'A host';
    this.#session.state.held = { audio: m.audioLocked ? `${by} holds your microphone off` : '', video: m.videoLocked ? `${by} holds your camera off` : '' };
    void this.#local.switchOff([...(m.audioMuted ? /** @type {const} */ (['audio']) : []), ...(m.videoMuted ? /** @type {const} */ (['video']) : [])]);
  }

  #phase() {
    const now = phaseOf(this.#session.state);
    const over = now === 'left';
    if (!over) this.#share.follow();
    else if (!this.ended.code) {
      this.ended = endOf(this.#session.state);
      this.#end();
    }
    if (now === this.#state) return;
    this.#state = now;
    this.emit('state', now);
    if (over) this.emit('left', this.ended);
  }

  #end() {
    removeEventListener('online', this.#online);
    removeEventListener('pagehide', this.#hide);
    this.#share.stop();
    this.#local.close();
    this.#picture.close();
  }
}
