// The studio's choice of a logo.

import { make } from './dom.js';
import { toast } from './toasts.js';

/** The largest file that the server takes, bytes. */
const most = 2 << 20;
/** @type {[string, string][]} */
const corners = [['top-right', 'Top right'], ['top-left', 'Top left'], ['bottom-right', 'Bottom right'], ['bottom-left', 'Bottom left']];

/** @typedef {{picture?: string, corner?: string, size?: number, opacity?: number}} Logo as the server has it */

/** A picture file and its corner. */
export class StudioLogo {
  element = make('fieldset', 'studio-logo');
  #file = make('input');
  #corner = make('select');
  #none = make('button', 'button small', 'Remove the logo');
  /** @type {Logo | undefined} */
  #logo;

  constructor() {
    Object.assign(this.#file, { type: 'file', accept: 'image/png,image/jpeg', id: 'studio-logo' });
    this.#file.setAttribute('aria-label', 'Picture of the logo');
    this.#file.addEventListener('change', () => void this.#read());
    this.#corner.id = 'studio-corner';
    this.#corner.setAttribute('aria-label', 'Corner of the logo');
    this.#corner.append(...corners.map(([value, text]) => new Option(text, value)));
    this.#none.type = 'button';
    this.#none.addEventListener('click', () => {
      this.#file.value = '';
      this.show(undefined);
      this.#file.focus();
    });
    this.element.append(make('legend', '', 'Logo'), this.#file, this.#corner, this.#none);
  }

  /** @param {Logo | undefined} logo */
  show(logo) {
    this.#logo = logo;
    this.#corner.value = logo?.corner || 'top-right';
    this.#none.hidden = !logo;
  }

  /** What is chosen; undefined for no logo. @returns {Logo | undefined} */
  get value() {
    return this.#logo && { ...this.#logo, corner: this.#corner.value };
  }

  async #read() {
    const file = this.#file.files?.[0];
    if (!file) return;
    if (file.size > most) {
      this.#file.value = '';
      return toast('A logo can have 2 MB', 'warning');
    }
    const picture = await new Promise((done) => {
      const reader = new FileReader();
      reader.addEventListener('load', () => done(String(reader.result)));
      reader.readAsDataURL(file);
    });
    const corner = this.#corner.value;
    this.show({ ...this.#logo, picture, corner });
  }
}
