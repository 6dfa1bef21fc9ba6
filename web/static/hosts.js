// What hosts do: the menu of each participant, and the menu of the room.

import { headers } from './credentials.js';
import { ask } from './dialog.js';
import { at, byId } from './dom.js';
import { openMenu } from './menu.js';
import { menuButton } from './people.js';
import { push } from './pushes.js';
import { toRoom } from './room.js';
import { refusalOf } from './said.js';
import { copy, toast } from './toasts.js';

/**
 * @typedef {import('../sdk/session.js').State} State
 * @typedef {import('./menu.js').Item} Item
 * @typedef {import('../sdk/protocol.js').Person} Person
 * @typedef {import('../sdk/protocol.js').ClientMessage} ClientMessage
 *
 * @typedef {{audioLocked: boolean, videoLocked: boolean}} Held what a host holds off
 */

/** The host's menus. They are hidden from all who have none of the rights. */
export class Hosts {
  /**
   * @param {State} state
   * @param {(message: ClientMessage) => void} send
   */
  constructor(state, send) {
    this.state = state;
    this.send = send;
    const button = byId('host-menu', HTMLButtonElement);
    button.addEventListener('click', () => openMenu(button, 'Host controls', this.#roomItems(), () => button));
    byId('studio', HTMLElement).addEventListener('click', async () => {
      try {
        const { Studio } = await import('./studio.js');
        await new Studio(state.room, headers, () => push(state.room)).open();
      } catch {
        toast('The choice did not load. Try again when the network is back.', 'warning');
      }
    });
    byId('people', HTMLElement).addEventListener('click', (event) => {
      const more = event.target instanceof Element ? event.target.closest('.person-more') : null;
      if (more instanceof HTMLElement) void this.#open(more, more.closest('li')?.dataset.id ?? '');
    });
  }

  /** Shows or hides what depends on the rights. */
  show() {
    const { rights } = this.state;
    byId('studio', HTMLElement).hidden = !['record', 'broadcast', 'moderate'].every((right) => rights.includes(right));
    byId('host-menu', HTMLElement).hidden = !['moderate', 'settings', 'invite'].some((right) => rights.includes(right));
  }

  /**
   * @param {HTMLElement} button
   * @param {string} id
   */
  async #open(button, id) {
    const items = await this.items(id);
    const name = this.state.participants.find((p) => p.id === id)?.name;
    // The list may have been drawn again since the click.
    if (items.length) openMenu(menuButton(id) ?? button, `Host controls for ${name}`, items, () => menuButton(id));
  }

  /**
   * What a host can do about a participant, nothing without the right.
   *
   * @param {string} id
   * @returns {Promise<Item[]>}
   */
  async items(id) {
    if (!this.state.rights.includes('moderate')) return [];
    const held = await this.#held(id);
    const person = this.state.participants.find((p) => p.id === id);
    return person ? this.#items(person, held) : [];
  }

  /**
   * What hosts hold off. The list that all receive does not tell it.
   *
   * @param {string} id
   * @returns {Promise<Held>}
   */
  async #held(id) {
    try {
      const response = await fetch(this.#api('participants'), { headers: headers(), signal: AbortSignal.timeout(2000) });
      const { participants } = await response.json();
      return participants.find((/** @type {{id: string}} */ p) => p.id === id) ?? { audioLocked: false, videoLocked: false };
    } catch {
      return { audioLocked: false, videoLocked: false };
    }
  }

  /** @param {string} what */
  #api(what) {
    return at(`/api/v1/rooms/${encodeURIComponent(this.state.room)}/${what}`);
  }

  /**
   * @param {Person} p
   * @param {Held} held
   * @returns {Item[]}
   */
  #items(p, held) {
    const { id } = p;
    /** @type {(text: string, icon: import('./dom.js').IconName, message: ClientMessage) => Item} */
    const item = (text, icon, message) => ({ text, icon, act: () => this.send(message) });
    const front = item(p.spotlight ? 'End the spotlight' : 'Put in the spotlight', 'star', { type: 'set', id, spotlight: !p.spotlight });
    const hand = p.hand ? [item('Lower the hand', 'hand', { type: 'set', id, hand: false })] : [];
    if (id === this.state.id) return [front, ...hand];
    return [
      p.audioMuted ? item('Ask to unmute', 'mic', { type: 'ask', id, audio: true }) : item('Mute', 'mic-off', { type: 'set', id, audio: { muted: true } }),
      held.audioLocked
        ? item('Allow the microphone again', 'mic', { type: 'set', id, audio: { locked: false } })
        : item('Mute and hold', 'lock', { type: 'set', id, audio: { locked: true } }),
      p.videoMuted ? item('Ask for the camera', 'camera', { type: 'ask', id, video: true }) : item('Switch the camera off', 'camera-off', { type: 'set', id, video: { muted: true } }),
      held.videoLocked
        ? item('Allow the camera again', 'camera', { type: 'set', id, video: { locked: false } })
        : item('Camera off and hold', 'lock', { type: 'set', id, video: { locked: true } }),
      front,
      ...hand,
      p.role === 'host'
        ? item('Make a plain participant', 'people', { type: 'set', id, role: 'participant' })
        : item('Make host', 'host', { type: 'set', id, role: 'host' }),
      { text: 'Move to another room…', icon: 'people', act: () => void this.#move(p) },
      { text: 'Send back to the lobby', icon: 'people', act: () => this.send({ type: 'back', id }) },
      { text: 'Remove from the call…', icon: 'leave', danger: true, act: () => void this.#kick(p) },
    ];
  }

  /** @param {Person} p */
  async #move(p) {
    const answer = await ask({
      title: `Move ${p.name} to another room?`, text: 'The call goes on there, and you stay here.', yes: 'Move', field: { label: 'Room' },
    });
    const room = toRoom(answer ?? '');
    if (room) this.send({ type: 'move', id: p.id, room });
  }

  /** @param {Person} p */
  async #kick(p) {
    const answer = await ask({
      title: `Remove ${p.name} from the call?`,
      text: 'The call ends for this participant at once.',
      yes: 'Remove',
      danger: true,
      options: [
        { value: 'banned', text: 'May not come back for a day' },
        { value: 'address', text: 'Nor may others at the same address' },
        { value: 'free', text: 'May come back at once' },
      ],
    });
    if (answer === null) return;
    const ban = { free: { not: true }, address: { address: true } }[answer];
    this.send({ type: 'kick', id: p.id, ...(ban && { ban }) });
  }

  /** @returns {Item[]} */
  #roomItems() {
    const { rights, locked, id } = this.state;
    /** @type {Item[]} */
    const items = [];
    if (rights.includes('invite')) {
      items.push(
        { text: 'Copy a link for a participant', icon: 'link', act: () => void this.#invite('participant') },
        { text: 'Copy a link for a host', icon: 'host', act: () => void this.#invite('host') },
        { text: 'Copy a link for a viewer', icon: 'eye', act: () => void this.#invite('viewer') },
      );
    }
    if (rights.includes('moderate')) {
      items.push(
        { text: 'Mute all others', icon: 'mic-off', act: () => this.send({ type: 'set', select: 'all', except: [id], audio: { muted: true } }) },
        { text: 'Message to all…', icon: 'send', act: () => void this.#say() },
      );
    }
    if (rights.includes('record')) {
      items.push({ text: 'Recordings of this room', icon: 'record', act: () => void open(at(`/recordings/${encodeURIComponent(this.state.room)}`) + location.hash) });
    }
    if (rights.includes('broadcast')) items.push({ text: 'Push to another server…', icon: 'send', act: () => void push(this.state.room) });
    if (rights.includes('settings')) {
      items.push(
        { text: locked ? 'Unlock the room' : 'Lock the room', icon: locked ? 'unlock' : 'lock', act: () => this.send({ type: 'lock', locked: !locked }) },
        byId('chat-kept', HTMLElement).hidden
          ? { text: 'Show the chat to those who come later', icon: 'chat', act: () => this.send({ type: 'history', kept: true }) }
          : { text: 'Hide the chat from those who come later', icon: 'chat', act: () => this.send({ type: 'history', kept: false }) },
        { text: 'End the call for all…', icon: 'leave', danger: true, act: () => void this.#end() },
      );
    }
    return items;
  }

  /** @param {'participant' | 'host' | 'viewer'} role */
  async #invite(role) {
    try {
      const response = await fetch(this.#api('invites'), {
        method: 'POST', headers: { 'Content-Type': 'application/json', ...headers() }, body: JSON.stringify({ role }),
      });
      if (!response.ok) throw await refusalOf(response);
      const answer = await response.json();
      const who = { participant: 'participants', host: 'hosts', viewer: 'viewers' }[role];
      await copy(answer.link, `Link for ${who} copied. Send it to nobody else`);
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), 'warning');
    }
  }

  async #say() {
    const text = await ask({ title: 'Message to all', text: 'Everyone in the call sees it at once.', yes: 'Send', field: { label: 'Message' } });
    if (text) this.send({ type: 'message', text });
  }

  async #end() {
    const answer = await ask({ title: 'End the call for all?', text: 'Everyone is removed, you too.', yes: 'End for all', danger: true });
    if (answer !== null) this.send({ type: 'end' });
  }
}
