// The form before a call: room, name, preview, devices. The join page shows it, and the
// call page when the address has no name.

import { Devices, explain } from '../sdk/devices.js';
import { loadChoices, saveChoices } from './choices.js';
import { listDevices } from './deviceList.js';
import { announce, at, byId, showToggle } from './dom.js';
import { Meter } from './meter.js';
import { isRoom, roomPattern, roomRule, suggestRoom, toRoom } from './room.js';

/** @typedef {import('../sdk/devices.js').Kind} Kind */

/** @param {import('./dom.js').IconName} name */
const icon = (name) => `<svg class="icon" aria-hidden="true"><use href="${at(`/static/icons.svg#${name}`)}"/></svg>`;

const markup = `
<header class="lobby-head">
  <a class="brand" href="${at('/')}"><img src="${at('/static/logo.svg')}" alt="" width="32" height="32">tilemix</a>
</header>
<div class="lobby-body">
  <section class="preview" aria-label="Your camera and microphone">
    <div class="preview-picture">
      <video id="preview" autoplay playsinline muted aria-label="Your camera"></video>
      <p id="preview-note" class="preview-note">Starting camera…</p>
      <div id="level" class="level" role="meter" aria-label="Microphone level" aria-valuemin="0" aria-valuemax="100" aria-valuenow="0"></div>
      <div class="preview-bar">
        <button id="lobby-mute" class="bar-button toggle" type="button" aria-pressed="false" aria-label="Mute microphone" aria-keyshortcuts="M" data-hint="Mute" data-key="M">${icon('mic')}</button>
        <button id="lobby-camera" class="bar-button toggle" type="button" aria-pressed="false" aria-label="Turn camera off" aria-keyshortcuts="V" data-hint="Camera off" data-key="V">${icon('camera')}</button>
      </div>
    </div>
    <div id="problems" class="problems" role="alert" hidden>
      ${icon('alert')}
      <div><p id="problem-text"></p><p class="problems-more">You can still join: you will see and hear the others.</p></div>
      <button id="try-again" class="button small" type="button">Try again</button>
    </div>
  </section>
  <form id="lobby-form" class="lobby-form" novalidate>
    <h1 id="lobby-title">Join a call</h1>
    <p id="lobby-text" class="lobby-text">Everyone in the same room sees and hears each other. Share the room's name to invite.</p>
    <div id="room-field" class="field">
      <label for="room">Room</label>
      <div class="with-button">
        <input id="room" name="room" type="text" required maxlength="64" pattern="${roomPattern}" autocomplete="off" autocapitalize="none" spellcheck="false" aria-describedby="room-error">
        <button id="suggest" class="ghost" type="button" aria-label="Suggest another room" data-hint="Another suggestion">${icon('dice')}</button>
      </div>
      <p id="room-error" class="error" hidden></p>
    </div>
    <div class="field">
      <label for="name">Your name</label>
      <input id="name" name="name" type="text" required maxlength="64" autocomplete="name" placeholder="As the others will see it" aria-describedby="name-error">
      <p id="name-error" class="error" hidden></p>
    </div>
    <div class="two">
      <label class="field">Camera<select id="lobby-camera-select"></select></label>
      <label class="field">Microphone<select id="lobby-microphone-select"></select></label>
    </div>
    <button id="join" class="button primary large" type="submit">Join</button>
    <p class="lobby-watch"><a id="watch-link" href="${at('/')}">Only watch</a>, without camera and microphone</p>
  </form>
</div>`;

/**
 * @typedef {object} LobbyOptions
 * @property {string} room '' for a suggestion
 * @property {string} name
 * @property {boolean} fixed whether the room is given and only the name is asked
 * @property {(room: string, name: string) => void} join
 */

/** The lobby in an element of the page. */
export class Lobby {
  devices = new Devices();
  choices = loadChoices();

  /**
   * @param {HTMLElement} root
   * @param {LobbyOptions} options
   */
  constructor(root, options) {
    this.root = root;
    this.options = options;
    root.innerHTML = markup;
    this.preview = byId('preview', HTMLVideoElement);
    this.meter = new Meter(byId('level', HTMLElement));
    this.room = byId('room', HTMLInputElement);
    this.name = byId('name', HTMLInputElement);
    this.devices.sound = this.choices.sound;
    this.devices.wanted = { audio: this.choices.microphone, video: this.choices.camera };
    this.devices.onlost = () => this.show();
    this.#fill();
    this.#wire();
  }

  /** Opens the chosen devices and shows them. */
  async start() {
    if (this.#gone) return;
    /** @type {Kind[]} */
    const kinds = ['audio'];
    void this.#list();
    if (!this.choices.cameraOff) kinds.push('video');
    await this.devices.open(kinds);
    this.show();
  }

  /** Whether the call has begun, so that the lobby is gone. */
  get #gone() {
    return !this.preview.isConnected;
  }

  /** Releases camera and microphone and empties the page. */
  close() {
    this.meter.close();
    this.devices.onlost = () => {};
    this.devices.close('audio');
    this.devices.close('video');
    this.root.replaceChildren();
    this.root.hidden = true;
  }

  #fill() {
    this.room.value = this.options.room || suggestRoom();
    this.name.value = this.options.name || this.choices.name;
    if (this.options.fixed) {
      byId('room-field', HTMLElement).hidden = true;
      byId('lobby-title', HTMLElement).textContent = `Join ${this.options.room}`;
      byId('lobby-text', HTMLElement).textContent = 'You are invited to this call. Enter your name to join.';
    }
    this.#watchLink();
    (this.name.value ? byId('join', HTMLButtonElement) : this.name).focus({ preventScroll: true });
  }

  #wire() {
    byId('lobby-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    byId('suggest', HTMLButtonElement).addEventListener('click', () => {
      this.room.value = suggestRoom();
      this.#watchLink();
    });
    this.room.addEventListener('change', () => {
      this.room.value = toRoom(this.room.value) || this.room.value; // what has nothing of a name stays to be seen
      complain(this.room, 'room-error', this.room.value && !isRoom(this.room.value) ? roomRule : '', false);
      this.#watchLink();
    });
    byId('lobby-mute', HTMLButtonElement).addEventListener('click', () => void this.toggleMicrophone());
    byId('lobby-camera', HTMLButtonElement).addEventListener('click', () => void this.toggleCamera());
    byId('try-again', HTMLButtonElement).addEventListener('click', () => void this.start());
    this.#chooser('lobby-camera-select', 'video');
    this.#chooser('lobby-microphone-select', 'audio');
    navigator.mediaDevices?.addEventListener?.('devicechange', () => void this.#list());
  }

  /**
   * @param {string} id
   * @param {Kind} kind
   */
  #chooser(id, kind) {
    const select = byId(id, HTMLSelectElement);
    select.addEventListener('change', async () => {
      this.devices.wanted[kind] = select.value;
      saveChoices(kind === 'audio' ? { microphone: select.value } : { camera: select.value });
      if (kind === 'video' && this.choices.cameraOff) return;
      this.devices.close(kind);
      await this.devices.open([kind]);
      this.show();
    });
  }

  toggleMicrophone() {
    return this.#toggle('audio', 'microphoneOff', 'Microphone');
  }

  toggleCamera() {
    return this.#toggle('video', 'cameraOff', 'Camera');
  }

  /**
   * @param {Kind} kind
   * @param {'microphoneOff' | 'cameraOff'} choice
   * @param {string} word
   */
  async #toggle(kind, choice, word) {
    if (this.#gone) return;
    // A device that does not work looks like one that is off. A click tries it again.
    const on = this.choices[choice] || this.devices.problem[kind] !== '';
    this.choices[choice] = !on;
    if (!on && kind === 'video') this.devices.close('video');
    this.show();
    if (on) {
      await this.devices.open([kind]);
      this.show();
    }
    if (!this.#gone && (!on || this.devices.tracks[kind])) announce(`${word} ${on ? 'on' : 'off'}`);
  }

  /** Brings the page in line with devices and choices. */
  show() {
    if (this.#gone) return;
    const { tracks, problem } = this.devices;
    const { microphoneOff, cameraOff } = this.choices;
    if (tracks.audio) tracks.audio.enabled = !microphoneOff;
    this.meter.watch(microphoneOff ? null : tracks.audio);
    this.preview.srcObject = tracks.video ? new MediaStream([tracks.video]) : null;
    const note = byId('preview-note', HTMLElement);
    note.hidden = tracks.video !== null;
    note.textContent = cameraOff ? 'Your camera is off' : problem.video ? 'No picture' : 'Starting camera…';

    byId('level', HTMLElement).hidden = !tracks.audio;
    showToggle('lobby-mute', microphoneOff || problem.audio !== '', 'mic', 'Mute', 'Unmute');
    showToggle('lobby-camera', cameraOff || problem.video !== '', 'camera', 'Camera off', 'Camera on');

    const text = explain(cameraOff ? { ...problem, video: '' } : problem);
    byId('problem-text', HTMLElement).textContent = text;
    byId('problems', HTMLElement).hidden = !text;
    byId('try-again', HTMLElement).hidden = !navigator.mediaDevices;
    void this.#list();
  }

  async #list() {
    if (this.#gone) return;
    await listDevices(byId('lobby-camera-select', HTMLSelectElement), 'video', this.devices.tracks.video);
    if (this.#gone) return;
    await listDevices(byId('lobby-microphone-select', HTMLSelectElement), 'audio', this.devices.tracks.audio);
  }

  #watchLink() {
    const room = toRoom(this.room.value);
    byId('watch-link', HTMLAnchorElement).href = at(isRoom(room) ? `/watch/${room}` : '/') + (this.options.fixed ? location.hash : '');
  }

  #submit() {
    this.room.value = toRoom(this.room.value) || this.room.value;
    const room = this.room.value;
    const name = this.name.value.trim();
    const nameOK = complain(this.name, 'name-error', name ? '' : 'Enter your name.');
    const roomOK = complain(this.room, 'room-error', isRoom(room) ? '' : roomRule);
    if (!nameOK || !roomOK) return;
    const { cameraOff, microphoneOff } = this.choices;
    saveChoices({ name, cameraOff, microphoneOff });
    this.options.join(room, name);
  }
}

/**
 * Shows what is wrong with an input. Returns whether it is right.
 *
 * @param {HTMLInputElement} input
 * @param {string} id of the line under it
 * @param {string} text '' for nothing
 * @param {boolean} [focus] whether the input gets the focus
 */
function complain(input, id, text, focus = true) {
  const line = byId(id, HTMLElement);
  line.textContent = text;
  line.hidden = !text;
  input.setAttribute('aria-invalid', String(Boolean(text)));
  if (text && focus) input.focus();
  return !text;
}
