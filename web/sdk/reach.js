// What a page finds out about a server whose WebSocket does not open.

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
 * @param {import('./access.js').Access} access
 * @returns {Promise<Reason | null>}
 */
export async function whyRefused(url, been, access) {
  try {
    const response = await fetch(url.replace(/^ws/, 'http'), { headers: access.entering(), signal: AbortSignal.timeout(4000) });
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

/** What to say while the connection is up but no media arrives. */
export function stalledText() {
  if (!navigator.onLine) return 'You are offline. Waiting for the network…';
  return 'Picture and sound have stopped. Reconnecting…';
}
