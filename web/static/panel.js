// The side panel and its tabs.

import { byId } from './dom.js';

/** @typedef {'people' | 'chat' | 'settings'} Tab */

/** @type {Tab[]} */
const tabs = ['people', 'chat', 'settings'];

/** People, chat and devices beside the picture; one is shown at a time. */
export class Panel {
  /** @type {Tab | null} the open tab */
  open = null;

  /** @param {(tab: Tab | null) => void} onchange after another tab is shown, or none */
  constructor(onchange) {
    this.onchange = onchange;
    this.element = byId('panel', HTMLElement);
    for (const tab of tabs) {
      button(tab).addEventListener('click', () => this.toggle(tab));
      const head = header(tab);
      head.addEventListener('click', () => this.show(tab));
      head.addEventListener('keydown', (event) => this.#arrows(event, tab));
    }
    byId('panel-close', HTMLButtonElement).addEventListener('click', () => this.close());
  }

  /** @param {Tab} tab */
  toggle(tab) {
    if (this.open === tab) this.close();
    else this.show(tab);
  }

  /** @param {Tab} tab */
  show(tab) {
    const opening = this.open === null;
    this.open = tab;
    this.element.hidden = false;
    for (const t of tabs) {
      const on = t === tab;
      byId(`view-${t}`, HTMLElement).hidden = !on;
      header(t).setAttribute('aria-selected', String(on));
      header(t).tabIndex = on ? 0 : -1;
      button(t).setAttribute('aria-expanded', String(on));
    }
    if (tab === 'chat') byId('chat-text', HTMLInputElement).focus();
    else if (opening) header(tab).focus({ preventScroll: true });
    this.onchange(tab);
  }

  close() {
    const tab = this.open;
    if (!tab) return;
    this.open = null;
    // Keyboard focus returns to the button that opened the panel.
    const inside = this.element.contains(document.activeElement);
    this.element.hidden = true;
    button(tab).setAttribute('aria-expanded', 'false');
    if (inside) button(tab).focus();
    this.onchange(null);
  }

  /**
   * @param {KeyboardEvent} event
   * @param {Tab} tab
   */
  #arrows(event, tab) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
    this.show(next);
    header(next).focus();
  }
}

/** @param {Tab} tab */
function button(tab) {
  return byId(`${tab}-button`, HTMLButtonElement);
}

/** @param {Tab} tab */
function header(tab) {
  return byId(`tab-${tab}`, HTMLButtonElement);
}
