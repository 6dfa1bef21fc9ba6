// Tables and buttons of the page of those who run the server.

import { ask } from './dialog.js';
import { make } from './dom.js';
import { toast } from './toasts.js';

/**
 * @typedef {object} Column
 * @property {string} title
 * @property {'number' | 'wide' | 'acts' | ''} kind
 *
 * @typedef {string | number | HTMLElement | HTMLElement[]} Cell
 * @typedef {{id: string, cells: Cell[], chosen?: boolean}} Row
 */

/** A table whose rows stay the same elements, so that a click and the focus are not lost. */
export class Table {
  element = make('div', 'admin-table');
  #body = make('tbody');
  #empty = make('p', 'admin-empty');
  #table = make('table');
  /** @type {Map<string, {row: HTMLTableRowElement, shows: string[]}>} */
  #rows = new Map();

  /**
   * @param {string} label
   * @param {Column[]} columns
   * @param {string} empty what stands in a table without rows
   */
  constructor(label, columns, empty) {
    this.columns = columns;
    this.#table.setAttribute('aria-label', label);
    this.#empty.textContent = empty;
    const head = make('tr');
    for (const { title, kind } of columns) {
      const cell = make('th', kind, title);
      cell.scope = 'col';
      if (!title) cell.append(make('span', 'visually-hidden', 'Actions'));
      head.append(cell);
    }
    const top = make('thead');
    top.append(head);
    this.#table.append(top, this.#body);
    this.element.tabIndex = 0; // it scrolls
    this.element.setAttribute('role', 'region');
    this.element.setAttribute('aria-label', label);
    this.show([]);
  }

  /** @param {Row[]} rows */
  show(rows) {
    this.element.replaceChildren(rows.length ? this.#table : this.#empty);
    const before = this.#rows;
    this.#rows = new Map();
    for (const { id, cells, chosen } of rows) {
      const there = before.get(id) ?? { row: make('tr'), shows: [] };
      this.#rows.set(id, there);
      there.row.dataset.id = id;
      there.row.classList.toggle('chosen', chosen ?? false);
      cells.forEach((cell, i) => this.#fill(there, i, cell));
    }
    const all = [...this.#rows.values()].map(({ row }) => row);
    if (all.length !== this.#body.childElementCount || all.some((row, i) => row !== this.#body.children[i])) this.#body.replaceChildren(...all);
  }

  /**
   * @param {{row: HTMLTableRowElement, shows: string[]}} there
   * @param {number} i
   * @param {Cell} cell
   */
  #fill({ row, shows }, i, cell) {
    const parts = Array.isArray(cell) ? cell : [cell];
    const text = parts.map((part) => (part instanceof HTMLElement ? part.outerHTML : String(part))).join();
    if (shows[i] === text) return;
    shows[i] = text;
    const place = row.cells[i] ?? row.appendChild(make('td', this.columns[i].kind));
    place.replaceChildren(...parts.map((part) => (part instanceof HTMLElement ? part : String(part))));
  }
}

/**
 * A text that somebody chose, and that no language translates.
 *
 * @param {string} text
 */
export function own(text) {
  const element = make('bdi', '', text);
  element.translate = false;
  return element;
}

/**
 * A button that does something on the server. What cannot be undone is asked first.
 *
 * @param {string} text
 * @param {string} of whom or what, for those who hear the button
 * @param {() => Promise<unknown>} act
 * @param {{title: string, text: string}} [question]
 */
export function act(text, of, act, question) {
  const element = make('button', question ? 'button small danger-text' : 'button small', text);
  element.type = 'button';
  element.setAttribute('aria-description', of);
  element.addEventListener('click', async () => {
    if (question && (await ask({ ...question, yes: text.replace('…', ''), danger: true })) === null) return;
    element.disabled = true;
    try {
      await act();
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), 'warning');
    }
    element.disabled = false;
  });
  return element;
}

/**
 * A quality and what is wrong.
 *
 * @param {string} quality
 * @param {string} words '' for none
 */
export function grade(quality, words) {
  const element = make('span', `grade ${quality}`);
  element.append(make('span', '', quality));
  if (words) element.append(' ', make('span', '', words));
  return element;
}

/** @param {number} seconds @returns {string} */
export function clock(seconds) {
  const part = (/** @type {number} */ n) => String(Math.floor(n)).padStart(2, '0');
  return `${Math.floor(seconds / 3600)}:${part((seconds / 60) % 60)}:${part(seconds % 60)}`;
}

/** @param {string | undefined} time RFC 3339 @returns {string} */
export function when(time) {
  return time ? new Date(time).toLocaleString(document.documentElement.lang, { dateStyle: 'short', timeStyle: 'short' }) : '';
}

/** @param {number | null | undefined} bits a second @returns {string} */
export function rate(bits) {
  if (bits === null || bits === undefined) return '–';
  return bits >= 1e6 ? `${(bits / 1e6).toFixed(1)} Mbit/s` : `${Math.round(bits / 1e3)} kbit/s`;
}
