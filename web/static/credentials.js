// What lets this page into a room, and what it acts with once it is in. Secrets stand in the
// address's fragment (#i=…) and in headers only: servers and proxies log neither.

/** The resume token of the call that the page is in, '' outside. */
let acting = '';

/** The PIN that the user has entered, '' for none. */
let pin = '';

/** @param {string} digits */
export function enterPIN(digits) {
  pin = digits;
}

/** @param {string} secret */
export function actWith(secret) {
  acting = secret;
}

/** The invite or token that the page was opened with, '' without one. */
export function brought() {
  return new URLSearchParams(location.hash.slice(1)).get('i') ?? '';
}

/**
 * Headers of requests that the page makes in its participant's name.
 *
 * @returns {Record<string, string>}
 */
export function headers() {
  return acting ? { Authorization: `Bearer ${acting}` } : entering();
}

/**
 * Headers of requests that are to let the page in.
 *
 * @returns {Record<string, string>}
 */
export function entering() {
  return { ...(brought() && { Authorization: `Bearer ${brought()}` }), ...(pin && { 'Tilemix-Pin': pin }) };
}

/**
 * Subprotocols of a WebSocket: a page cannot set its headers.
 *
 * @param {string} resume resume token, '' without one
 */
export function protocols(resume) {
  const secrets = brought() ? [`bearer.${brought()}`] : [];
  if (pin) secrets.push(`pin.${pin}`);
  if (resume) secrets.push(`resume.${resume}`);
  return ['tilemix', ...secrets];
}
