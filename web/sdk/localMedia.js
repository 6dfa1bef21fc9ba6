// The microphone and camera of a client in a call.

import { explain } from './devices.js';

/**
 * @typedef {import('./devices.js').Devices} Devices
 * @typedef {import('./devices.js').Kind} Kind
 *
 * @typedef {object} LocalMediaEvents
 * @property {(kind: Kind, track: MediaStreamTrack | null) => Promise<void>} replace sends another track, or none
 * @property {() => void} changed after what is off has changed
 * @property {(text: string, warning: boolean) => void} say
 * @property {(choice: Choice) => void} chose what the user wants in the next call too
 *
 * @typedef {{microphone?: string, camera?: string, microphoneOff?: boolean, cameraOff?: boolean}} Choice
 */

/**
 * Switches both on and off. The microphone stays open while it is muted, because unmuting
 * must not take time. A camera that is off is released, so its light is off.
 */
export class LocalMedia {
  /** Changes run one after the other, however fast the user presses keys. */
  #turn = Promise.resolve();
  #closed = false;

  /**
   * @param {Devices} devices
   * @param {{audioOff: boolean, videoOff: boolean, held: Record<Kind, string>}} state changed in place
   * @param {LocalMediaEvents} events
   */
  constructor(devices, state, events) {
    this.devices = devices;
    this.state = state;
    this.events = events;
    devices.onlost = (kind) => void this.#after(() => this.#lost(kind));
  }

  /**
   * Opens devices, and shows problems.
   *
   * @param {Kind[]} [kinds] those of a page: the microphone, and the camera if it is on
   */
  open(kinds = this.state.videoOff ? ['audio'] : ['audio', 'video']) {
    return this.#after(async () => {
      await this.devices.open(kinds);
      if (this.#closed) return;
      const text = explain(this.devices.problem);
      if (text) this.events.say(text, true);
      if (!this.devices.tracks.audio) this.state.audioOff = true;
      if (!this.devices.tracks.video) this.state.videoOff = true;
      await this.#apply();
    });
  }

  toggleMute() {
    return this.#after(() => this.#switch('audio', this.state.audioOff));
  }

  toggleCamera() {
    return this.#after(() => this.#switch('video', this.state.videoOff));
  }

  /**
   * Switches a device on, if it is off.
   *
   * @param {Kind} kind
   * @param {boolean} [chosen] whether the next call begins with it on too
   */
  switchOn(kind, chosen = true) {
    return this.#after(async () => {
      if (kind === 'audio' ? this.state.audioOff : this.state.videoOff) await this.#switch(kind, true, chosen);
    });
  }

  /**
   * Switches devices off in the name of a host. The next call begins with what the user chose.
   *
   * @param {Kind[]} kinds
   */
  switchOff(kinds) {
    return this.#after(async () => {
      if (kinds.includes('video')) this.devices.close('video');
      for (const kind of kinds) this.#setOff(kind);
      await this.#apply();
    });
  }

  /**
   * Switches to another device.
   *
   * @param {Kind} kind
   * @param {string} id
   */
  choose(kind, id) {
    this.events.chose(kind === 'audio' ? { microphone: id } : { camera: id });
    return this.#after(async () => {
      this.devices.wanted[kind] = id;
      this.devices.close(kind);
      if (kind === 'video' && this.state.videoOff) return;
      await this.#reopen(kind);
    });
  }

  /** Releases both at the end of the call. Nothing switches them on afterwards. */
  close() {
    this.#closed = true;
    this.devices.close('audio');
    this.devices.close('video');
  }

  /**
   * @param {Kind} kind
   * @param {boolean} on
   * @param {boolean} [chosen] whether the next call begins so too
   */
  async #switch(kind, on, chosen = true) {
    if (on && this.state.held[kind]) return this.events.say(`${this.state.held[kind]}.`, true);
    if (kind === 'audio') {
      this.state.audioOff = !on;
      if (chosen) this.events.chose({ microphoneOff: !on });
    } else {
      this.state.videoOff = !on;
      if (chosen) this.events.chose({ cameraOff: !on });
      if (!on) this.devices.close('video');
    }
    if (on) await this.#reopen(kind);
    else await this.#apply();
  }

  /** @param {Kind} kind */
  async #reopen(kind) {
    await this.devices.open([kind]);
    const problem = this.devices.problem[kind];
    if (this.#closed) return;
    if (!this.devices.tracks[kind]) {
      this.#setOff(kind);
      this.events.say(explain({ audio: '', video: '', [kind]: problem }), true);
    }
    await this.#apply();
  }

  /** @param {Kind} kind of the device that was unplugged */
  async #lost(kind) {
    this.events.say(explain({ audio: '', video: '', [kind]: 'gone' }), true);
    // The call goes on with another microphone, if there is one. The camera stays off,
    // because a camera that the user did not choose may show too much.
    if (kind === 'audio') await this.devices.open(['audio']);
    const track = this.devices.tracks[kind];
    if (track) this.events.say(`Using ${track.label} now.`, false);
    else this.#setOff(kind);
    await this.#apply();
  }

  /** @param {Kind} kind */
  #setOff(kind) {
    if (kind === 'audio') this.state.audioOff = true;
    else this.state.videoOff = true;
  }

  /** Brings tracks and connection in line with the state. */
  async #apply() {
    const { audio, video } = this.devices.tracks;
    if (audio) audio.enabled = !this.state.audioOff;
    await this.events.replace('audio', audio);
    await this.events.replace('video', this.state.videoOff ? null : video);
    this.events.changed();
  }

  /** @param {() => Promise<void>} change */
  #after(change) {
    const next = async () => {
      if (!this.#closed) await change();
    };
    this.#turn = this.#turn.then(next, next);
    return this.#turn;
  }
}
