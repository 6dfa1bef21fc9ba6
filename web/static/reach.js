// What a page finds out about a server whose WebSocket does not open.

import { entering } from './credentials.js';

/**
 * @typedef {object} Reason
 * @property {string} error the server's reason for refusing the page, '' for none
 * @property {string} code
 * @property {boolean} blocked the server answers, so that something between refuses WebSockets
 */

/**
 * Why a WebSocket did not open; null when that is not known, or trying again may help. A browser
 * does not say it, but a plain request to the same address shows the answer.
 *
 * @param {string} url of the WebSocket
 * @param {boolean} been whether this page was in the call, so that "full" (503) may pass
 * @returns {Promise<Reason | null>}
 */
export async function whyRefused(url, been) {
  try {
    const response = await fetch(url.replace(/^ws/, 'http'), { headers: entering(), signal: AbortSignal.timeout(4000) });
    // 426: only the upgrade was missing, which a plain request does not have.
    const { status } = response;
    if (status === 426) return { error: '', code: '', blocked: true };
    if (status === 503 && been) return null;
    if (status !== 503 && (status < 400 || status >= 500)) return null;
    const { error = '', code = '' } = await response.json();
    return error ? { error: String(error), code: String(code), blocked: false } : null;
  } catch {
    return null;
  }
}

/**
 * A value that a reload keeps; another window has none. '' where the browser keeps nothing.
 *
 * @param {string} key
 * @returns {string}
 */
export function kept(key) {
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
export function keep(key, value) {
  try {
    sessionStorage.setItem(`tilemix.${key}`, value);
  } catch {
    // The browser keeps nothing.
  }
}
