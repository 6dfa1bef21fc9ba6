// Whether this tab is in a call, and under which name. Neither stands in the address: a copied
// address leads its reader to the lobby.

/** @param {string} room */
const key = (room) => `tilemix.in.${room}`;

/**
 * The name under which this tab is in the call of a room, '' outside. It survives a reload.
 *
 * @param {string} room
 * @returns {string}
 */
export function enteredAs(room) {
  try {
    return sessionStorage.getItem(key(room)) ?? '';
  } catch {
    return String(history.state?.[key(room)] ?? ''); // the browser stores nothing for this page
  }
}

/**
 * Keeps that this tab is in the call.
 *
 * @param {string} room
 * @param {string} name
 */
export function enter(room, name) {
  try {
    sessionStorage.setItem(key(room), name);
  } catch {
    history.replaceState({ [key(room)]: name }, '');
  }
}

/**
 * Forgets the call, so that a reload shows the lobby.
 *
 * @param {string} room
 */
export function quit(room) {
  try {
    sessionStorage.removeItem(key(room));
  } catch {
    history.replaceState(null, '');
  }
}

/**
 * The name that the address brings for the lobby, '' for none. The address loses it.
 *
 * @returns {string}
 */
export function offeredName() {
  const query = new URLSearchParams(location.search);
  const name = query.get('name')?.trim() ?? '';
  if (!query.has('name')) return '';
  query.delete('name');
  const rest = query.toString();
  history.replaceState(history.state, '', location.pathname + (rest && `?${rest}`) + location.hash);
  return name;
}
