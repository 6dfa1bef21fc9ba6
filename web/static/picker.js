// The choice of the picture: one's own view, and the layout for everyone. The page loads this file when somebody
// wants it, so it shares no state with the page's modules.

import { loadChoices, saveChoices } from './choices.js';
import { announce, at, byId, make } from './dom.js';
import { openBox } from './menu.js';
import { layoutPicture } from './layoutPicture.js';

/**
 * @typedef {import('../sdk/protocol.js').ClientMessage} ClientMessage
 * @typedef {import('../sdk/session.js').State} State
 */

/** @type {[string, string][]} values and texts of what one's own tile shows */
const selves = [
  ['overlay', 'My camera as a mirror'], ['server', 'As the others see me'], ['cover', 'Covered'], ['leave-out', 'Not in my view'],
];

/** Opens beside the button of the layout. It is drawn anew when the call changes. */
export class Picker {
  #box = make('div', 'menu picker');
  /** Layouts of the operator's and of programs. @type {string[]} */
  #more = [];

  /**
   * @param {State} state
   * @param {import('./views.js').Views} views
   * @param {(message: ClientMessage) => void} send
   * @param {() => void} changed after a choice of this device
   * @param {() => Record<string, string>} headers of requests in this participant's name
   */
  constructor(state, views, send, changed, headers) {
    this.headers = headers;
    this.state = state;
    this.views = views;
    this.send = send;
    this.changed = changed;
    this.#box.setAttribute('role', 'dialog');
    this.#box.setAttribute('aria-label', 'Layout');
    this.#box.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      event.stopPropagation(); // the panel stays
      this.#close();
    });
  }

  #close = () => {};

  /** Opens, or closes where it is open. */
  toggle() {
    if (this.#box.isConnected) return this.#close();
    const button = byId('layout', HTMLButtonElement);
    this.#draw();
    button.setAttribute('aria-expanded', 'true');
    this.#close = openBox(this.#box, button, () => button, () => button.setAttribute('aria-expanded', 'false'));
    const first = this.#box.querySelector('input:checked') ?? this.#box.querySelector('input, button, select');
    if (first instanceof HTMLElement) first.focus();
    void this.#ask();
  }

  /** Asks which layouts there are beside the server's own. */
  async #ask() {
    const answer = await fetch(at(`/api/v1/rooms/${encodeURIComponent(this.state.room)}/layouts`), { headers: this.headers() }).catch(() => null);
    if (!answer?.ok) return;
    this.#more = (await answer.json()).layouts;
    this.show();
  }

  /** Shows what the server has changed. */
  show() {
    if (!this.#box.isConnected) return;
    const id = this.#box.contains(document.activeElement) ? document.activeElement?.id : '';
    this.#draw();
    if (id) document.getElementById(id)?.focus();
  }

  #draw() {
    const { rights } = this.state;
    const parts = [];
    if (this.views.free) parts.push(this.#mine());
    if (rights.length === 0 || rights.includes('layout')) parts.push(this.#everyone());
    const text = JSON.stringify([this.state.layout?.view, this.state.layout?.name, rights, loadChoices().self, this.state.participants.some((p) => p.screen), this.#more]);
    if (text === this.#box.dataset.shows && this.#box.isConnected) return;
    this.#box.dataset.shows = text;
    this.#box.replaceChildren(...parts);
  }

  /** What this participant chooses for its own view. */
  #mine() {
    const { layout = '', hide = [], hideWithoutVideo, pin = [] } = this.views.wish;
    const part = section('For me');
    const names = /** @type {[string, string][]} */ ([['', 'As the room has it'], ...this.#layouts()]);
    part.append(row(names.map(([name, text]) => {
      const label = make('label', 'choice');
      const input = make('input', 'visually-hidden');
      Object.assign(input, { type: 'radio', name: 'view', id: `view-${name || 'room'}`, value: name, checked: name === layout });
      input.addEventListener('change', () => this.views.change({ layout: name, ...(name ? {} : { pin: [], hide: [] }) }));
      label.append(input, layoutPicture(name), named(name, text));
      return label;
    })));
    const off = check('view-hide-off', 'Hide cameras that are off', Boolean(hideWithoutVideo), (on) => {
      this.views.change({ hideWithoutVideo: on ? 'when-others-have' : '' });
    });
    part.append(off, this.#self());
    if (hide.length) part.append(button('view-all', `Show all ${hide.length} that you have hidden`, () => this.views.change({ hide: [] })));
    if (pin.length) part.append(button('view-unpin', 'Unpin all', () => this.views.change({ pin: [] })));
    return part;
  }

  /** What one's own tile shows. */
  #self() {
    const label = make('label', 'field', 'My own tile');
    const select = make('select');
    select.id = 'view-self';
    select.append(...selves.map(([value, text]) => new Option(text, value)));
    select.value = loadChoices().self;
    select.addEventListener('change', () => {
      saveChoices({ self: select.value });
      this.views.settle();
      this.changed();
    });
    label.append(select);
    return label;
  }

  /** What changes the picture of all. */
  #everyone() {
    const part = section('For everyone');
    part.append(row(this.#layouts().map(([name, text]) => {
      const choice = make('button', 'choice');
      Object.assign(choice, { type: 'button', id: `layout-${name}` });
      choice.append(layoutPicture(name), named(name, text));
      choice.addEventListener('click', () => this.#say({ type: 'layout', name }, `${text}, for everyone`));
      return choice;
    })));
    if (!this.state.rights.includes('moderate')) return part;
    const { id } = this.state;
    const all = { type: /** @type {const} */ ('set'), select: 'all' };
    part.append(
      button('view-follow', 'Everyone sees what I see', () => {
        this.#say({ ...all, except: [id], view: { follow: id }, viewLocked: true }, 'Everyone sees what you see');
      }),
      button('view-free', 'Everyone chooses again', () => {
        this.#say({ ...all, except: [id], view: {}, viewLocked: false }, 'Everyone chooses the view again');
      }),
    );
    return part;
  }

  /** @returns {[string, string][]} the layouts that there are, by name and text */
  #layouts() {
    const screen = this.state.participants.some((p) => p.screen);
    return [['grid', 'Grid'], ['speaker', 'Speaker'], ...(screen ? [/** @type {[string, string]} */ (['screen', 'Screen'])] : []),
      ...this.#more.map((name) => /** @type {[string, string]} */ ([name, name]))];
  }

  /**
   * @param {ClientMessage} message
   * @param {string} text
   */
  #say(message, text) {
    this.send(message);
    announce(text);
  }
}

/**
 * @param {string} name of a layout
 * @param {string} text
 */
function named(name, text) {
  const element = make('span', '', text);
  if (name && name === text) element.translate = false; // somebody has chosen it
  return element;
}

/** @param {string} title */
function section(title) {
  const part = make('section', 'picker-part');
  part.setAttribute('aria-label', title);
  part.append(make('h2', '', title));
  return part;
}

/** @param {HTMLElement[]} choices */
function row(choices) {
  const line = make('div', 'choices');
  line.append(...choices);
  return line;
}

/**
 * @param {string} id
 * @param {string} text
 * @param {boolean} on
 * @param {(on: boolean) => void} changed
 */
function check(id, text, on, changed) {
  const label = make('label', 'question-option');
  const input = make('input');
  Object.assign(input, { type: 'checkbox', id, checked: on });
  input.addEventListener('change', () => changed(input.checked));
  label.append(input, text);
  return label;
}

/**
 * @param {string} id
 * @param {string} text
 * @param {() => void} act
 */
function button(id, text, act) {
  const element = make('button', 'button small', text);
  Object.assign(element, { type: 'button', id });
  element.addEventListener('click', act);
  return element;
}
