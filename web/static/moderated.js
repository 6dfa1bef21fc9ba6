// What hosts do to this participant and to the room, as the page carries it out and shows it.

import { announce, byId, make } from './dom.js';
import { toast } from './toasts.js';

/**
 * @typedef {import('../sdk/session.js').State} State
 * @typedef {import('../sdk/localMedia.js').LocalMedia} LocalMedia
 * @typedef {import('../sdk/devices.js').Kind} Kind
 */

/** @type {Kind[]} */
const kinds = ['audio', 'video'];
/** @type {Record<Kind, string>} */
const word = { audio: 'microphone', video: 'camera' };

/** Carries out and shows what hosts do. */
export class Moderated {
  /**
   * @param {State} state changed in place
   * @param {LocalMedia} local
   */
  constructor(state, local) {
    this.state = state;
    this.local = local;
  }

  /** @param {import('../sdk/protocol.js').ServerMessage} message */
  show(message) {
    switch (message.type) {
      case 'welcome': // what the room is like follows, unless it is as here
        if (message.muted) void this.#muted(message.muted);
        else this.state.held = { audio: '', video: '' };
        this.#lock(false);
        this.#keep(false, true);
        break;
      case 'moved':
        this.#lock(false);
        this.#keep(false, true);
        break;
      case 'muted':
        void this.#muted(message);
        break;
      case 'asked':
        this.#asked(message);
        break;
      case 'room': {
        const locked = message.locked ?? false;
        if (locked !== this.state.locked) toast(locked ? 'The room is locked: nobody but hosts can come in' : 'The room is open again');
        this.#lock(locked);
        this.#keep(message.history ?? false);
        break;
      }
      case 'message':
        toast(`${message.by}, to all: ${message.text}`, 'host');
        break;
    }
  }

  /**
   * @param {boolean} kept whether those who come later see the chat
   * @param {boolean} [quiet] whether to show no message
   */
  #keep(kept, quiet = false) {
    const note = byId('chat-kept', HTMLElement);
    if (kept === note.hidden && !quiet) toast(kept ? 'Participants who come later will see the chat' : 'Participants who come later will not see the chat');
    note.hidden = !kept;
  }

  /** @param {boolean} locked */
  #lock(locked) {
    this.state.locked = locked;
    for (const sign of document.querySelectorAll('.locked-sign')) if (sign instanceof HTMLElement) sign.hidden = !locked;
  }

  /** @param {import('../sdk/protocol.js').Muted} message */
  async #muted(message) {
    const off = { audio: message.audioMuted, video: message.videoMuted };
    const held = { audio: message.audioLocked ?? false, video: message.videoLocked ?? false };
    const was = { audio: this.state.audioOff, video: this.state.videoOff };
    for (const kind of kinds) {
      const before = this.state.held[kind] !== '';
      const by = message.by || 'A host';
      this.state.held[kind] = held[kind] ? `${by} holds your ${word[kind]} off` : '';
      // Without a name the server only repeats what is so.
      if (!message.by) continue;
      if (held[kind] && !before) toast(`${by} holds your ${word[kind]} off. You cannot switch it on for now.`, 'warning');
      else if (before && !held[kind]) toast(`You may switch your ${word[kind]} on again`);
      else if (off[kind] && !was[kind]) toast(`${by} switched your ${word[kind]} off`, 'warning');
    }
    await this.local.switchOff(kinds.filter((kind) => off[kind]));
  }

  /**
   * Asks the user to switch a device on. Nobody else can.
   *
   * @param {import('../sdk/protocol.js').AskedMessage} message
   */
  #asked(message) {
    const wanted = kinds.filter((kind) => message[kind] && (kind === 'audio' ? this.state.audioOff : this.state.videoOff));
    const box = byId('asked', HTMLElement);
    if (wanted.length === 0) return;
    const text = `${message.by} asks you to switch on your ${wanted.map((kind) => word[kind]).join(' and ')}`;
    const yes = make('button', 'banner-button', 'Switch on');
    const no = make('button', 'banner-button quiet', 'Not now');
    for (const button of [yes, no]) {
      button.type = 'button';
      button.addEventListener('click', () => { box.hidden = true; });
    }
    yes.addEventListener('click', () => { for (const kind of wanted) void this.local.switchOn(kind); });
    box.setAttribute('aria-label', text);
    box.replaceChildren(make('span', '', text), yes, no);
    box.hidden = false;
    announce(text);
  }
}
