// The parts of a link to a room.

import { TilemixError } from './errors.js';

/**
 * Reads a link that ends in /r/ROOM#i=INVITE. A server behind a proxy may stand under a path.
 *
 * @param {string | URL} link
 * @param {string} kind 'r' or 'watch'
 * @returns {{base: string, room: string, secret: string}}
 */
export function readLink(link, kind) {
  try {
    const url = new URL(link, location.href);
    const found = /^(.*\/)(?:r|watch)\/([^/]+)\/?$/.exec(url.pathname);
    const room = decodeURIComponent(found?.[2] ?? '');
    if (found && /^[\w-]{1,64}$/.test(room)) {
      return { base: url.origin + found[1], room, secret: new URLSearchParams(url.hash.slice(1)).get('i') ?? '' };
    }
  } catch {
    // It is no URL.
  }
  throw new TilemixError('bad_link', `"${String(link).slice(0, 80)}" is no link to a room: it would end in /${kind}/ROOM`);
}
