// A menu that opens beside a button.

import { icon, make } from './dom.js';

/**
 * @typedef {object} Item
 * @property {string} text
 * @property {import('./dom.js').IconName} icon
 * @property {() => void} act
 * @property {boolean} [danger] whether the item takes something away from others
 */

/** Closes the open menu. @type {() => void} */
let closeOpen = () => {};

/**
 * Opens a menu, instead of any other. The list under it may change meanwhile.
 *
 * @param {HTMLElement} button beside which it opens
 * @param {string} label
 * @param {Item[]} items
 * @param {() => HTMLElement | null} home what has the focus when the menu has closed
 */
export function openMenu(button, label, items, home) {
  const menu = make('div', 'menu');
  menu.setAttribute('role', 'menu');
  menu.setAttribute('aria-label', label);
  const close = () => closeThis();
  menu.append(...items.map((item) => entry(item, close)));
  menu.addEventListener('keydown', (event) => keys(event, menu, close));
  const closeThis = openBox(menu, button, home);
  if (menu.firstElementChild instanceof HTMLElement) menu.firstElementChild.focus();
}

/**
 * Opens a box beside a button, instead of any other. It closes when the user clicks elsewhere.
 *
 * @param {HTMLElement} box
 * @param {HTMLElement} button
 * @param {() => HTMLElement | null} home what has the focus when the box has closed
 * @param {() => void} [closed]
 * @returns {() => void} closes it
 */
export function openBox(box, button, home, closed = () => {}) {
  closeOpen();
  const abroad = (/** @type {Event} */ event) => {
    // The button itself closes what it has opened.
    if (event.target instanceof Node && !box.contains(event.target) && !button.contains(event.target)) close();
  };
  const close = () => {
    if (closeOpen !== close) return;
    closeOpen = () => {};
    const inside = box.contains(document.activeElement);
    box.remove();
    removeEventListener('pointerdown', abroad, true);
    removeEventListener('resize', close);
    closed();
    if (inside) home()?.focus();
  };
  closeOpen = close;
  addEventListener('pointerdown', abroad, true);
  addEventListener('resize', close);
  (document.getElementById('stage') ?? document.body).append(box); // a landmark
  place(box, button.getBoundingClientRect());
  return close;
}

/**
 * @param {Item} item
 * @param {() => void} close
 */
function entry(item, close) {
  const button = make('button', item.danger ? 'menu-item danger' : 'menu-item');
  button.type = 'button';
  button.tabIndex = -1;
  button.setAttribute('role', 'menuitem');
  button.append(icon(item.icon), make('span', '', item.text));
  button.addEventListener('click', () => {
    close();
    item.act();
  });
  return button;
}

/**
 * @param {KeyboardEvent} event
 * @param {HTMLElement} menu
 * @param {() => void} close
 */
function keys(event, menu, close) {
  event.stopPropagation(); // no shortcut of the page
  const all = /** @type {HTMLElement[]} */ ([...menu.children]);
  const at = all.findIndex((item) => item === document.activeElement);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
  if (next !== undefined) {
    event.preventDefault();
    all[(next + all.length) % all.length].focus();
  } else if (event.key === 'Escape' || event.key === 'Tab') {
    event.preventDefault();
    close();
  }
}

/**
 * Puts the menu under the button, or over it where there is more room.
 *
 * @param {HTMLElement} menu
 * @param {DOMRect} button
 */
function place(menu, button) {
  const { width, height } = menu.getBoundingClientRect();
  const under = button.bottom + 4;
  const top = under + height + 8 <= innerHeight ? under : Math.max(8, button.top - height - 4);
  menu.style.top = `${Math.min(top, Math.max(8, innerHeight - height - 8))}px`;
  menu.style.left = `${Math.max(8, Math.min(button.right - width, innerWidth - width - 8))}px`;
}
