// Shows what the server's messages say about the call.

import { byId } from './dom.js';
import { shortly } from './chat.js';
import { ownFault } from './faults.js';
import { changes, hasTile, inWords, showPeople } from './people.js';
import { qualityText, showQuality } from './quality.js';
import { said } from './said.js';
import { toast } from './toasts.js';

/**
 * @typedef {import('../sdk/session.js').State} State
 * @typedef {import('./chat.js').Chat} Chat
 * @typedef {import('./panel.js').Panel} Panel
 * @typedef {import('../sdk/protocol.js').Person} Person
 */

/** The call as the server last described it. */
export class News {
  /** @type {Person[] | null} participants of the last list of this connection */
  #known = null;
  /** What is wrong with this participant's own media, '' for nothing. */
  #fault = '';
  #state;
  #chat;
  #panel;

  /**
   * @param {State} state that the messages have changed before show
   * @param {Chat} chat
   * @param {Panel} panel
   */
  constructor(state, chat, panel) {
    this.#state = state;
    this.#chat = chat;
    this.#panel = panel;
  }

  /** @param {import('../sdk/protocol.js').ServerMessage} message */
  show(message) {
    const state = this.#state;
    switch (message.type) {
      case 'welcome':
        this.#known = null; // a new connection is no news of others
        this.#fault = '';
        describeQuality(state);
        break;
      case 'moved':
      case 'admitted':
        this.#known = null;
        describeQuality(state);
        toast(`You are in ${state.room} now`);
        break;
      case 'waiting':
        this.#known = null;
        showAll(state);
        break;
      case 'participants':
        this.#showChanges();
        showAll(state);
        describeMix(state);
        this.#chat.form.show();
        break;
      case 'speaking':
      case 'standing':
        showAll(state);
        break;
      case 'layout':
        showAll(state);
        describeMix(state);
        describeQuality(state, this.#fault);
        break;
      case 'quality': {
        const [what = '', advice = ''] = ownFault(message) ?? [];
        if (what && what !== this.#fault) toast(advice, 'warning');
        this.#fault = what;
        describeQuality(state, what);
        break;
      }
      case 'rendition':
        describeQuality(state, this.#fault);
        break;
      case 'chat': {
        const visible = this.#panel.open === 'chat';
        this.#chat.add(message, message.id === state.id, visible);
        if (!visible && message.id !== state.id) toast(shortly(message), 'chat');
        break;
      }
      case 'history':
        this.#chat.past(message.messages ?? []);
        break;
      case 'error':
        this.#chat.refused();
        toast(said(message.code, message.error), 'warning');
        break;
    }
  }

  /** Shows which participants joined and left since the last list, if there was one. */
  #showChanges() {
    const { participants, id } = this.#state;
    const text = this.#known ? changes(this.#known, participants, id) : '';
    const before = reasonOf(this.#known ?? [], id);
    const reason = reasonOf(participants, id);
    this.#known = participants;
    if (text) toast(text);
    if (reason && reason !== before) toast(`The others do not see or hear you. ${inWords(reason)}.`, 'warning');
  }
}

/**
 * Why the server sees or hears nothing of a participant, '' where all is well.
 *
 * @param {Person[]} participants
 * @param {string} id
 */
function reasonOf(participants, id) {
  return participants.find((p) => p.id === id)?.reason ?? '';
}

/**
 * Shows how many watch the call without being in it.
 *
 * @param {import('./audience.js').RoomInfo | null} info
 */
export function showWatching(info) {
  const line = byId('watching', HTMLElement);
  if (!info) return;
  line.hidden = info.viewers === 0;
  line.textContent = `${info.viewers} watching`;
}

/** @param {State} state */
function showAll({ participants, id, layout, rights }) {
  showPeople(participants, id, layout, rights.includes('moderate'));
}

/** @param {State} state */
function describeMix(state) {
  const hidden = state.layout?.hidden ?? 0;
  const seen = state.participants.filter((p) => hidden === 0 || hasTile(p, state.layout));
  const names = seen.map((p) => p.name).join(', ') + (hidden > 0 ? ` and ${hidden} more` : '');
  byId('mix', HTMLVideoElement).setAttribute('aria-label', `The call, with ${names || 'nobody yet'}`);
}

/**
 * @param {State} state
 * @param {string} [fault] that explains more than the picture's size
 */
function describeQuality({ rendition, layout }, fault = '') {
  if (fault || !rendition) return showQuality(fault);
  showQuality(qualityText(rendition.active ? rendition.height ?? 0 : 0, layout?.height ?? 0));
}
