// What lets this page into a room. The secret stands in the address's fragment (#i=…), because
// servers and proxies do not log it.

import { Access } from '../sdk/access.js';
import { loadChoices } from './choices.js';
import { at } from './dom.js';

/** The access of this page. A reload keeps its values, and another window has none. */
class PageAccess extends Access {
  onlyVP8 = new URLSearchParams(location.search).get('codec')?.toLowerCase() === 'vp8';

  /** What the page around this frame wishes. A reload keeps it. */
  role = new URLSearchParams(location.search).has('embed') ? this.kept('role') : '';

  get receive() {
    return loadChoices().receive;
  }

  set receive(_) {} // the user chooses it for all calls

  /** @param {string} key */
  kept(key) {
    try {
      return sessionStorage.getItem(`tilemix.${key}`) ?? '';
    } catch {
      return '';
    }
  }

  /**
   * @param {string} key
   * @param {string} value
   */
  keep(key, value) {
    try {
      sessionStorage.setItem(`tilemix.${key}`, value);
    } catch {
      // The browser keeps nothing.
    }
  }
}

export const access = new PageAccess(at('/'), brought);

/** @param {string} digits */
export function enterPIN(digits) {
  access.pin = digits;
}

/** The invite or token that the page was opened with, '' without one. */
export function brought() {
  return new URLSearchParams(location.hash.slice(1)).get('i') ?? '';
}

/** Headers of requests that the page makes in its participant's name. */
export function headers() {
  return access.headers();
}

/** Headers of requests that are to let the page in. */
export function entering() {
  return access.entering();
}
