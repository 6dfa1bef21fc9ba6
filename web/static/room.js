// Names of rooms, and the addresses that belong to them.

const adjectives = [
  'amber', 'brave', 'bright', 'calm', 'clear', 'coral', 'crisp', 'dapper', 'early', 'fair', 'gentle', 'golden', 'green',
  'happy', 'keen', 'kind', 'light', 'lively', 'lucky', 'mellow', 'merry', 'misty', 'noble', 'quick', 'quiet', 'rapid',
  'sandy', 'silver', 'snowy', 'sunny', 'swift', 'tidy', 'warm', 'wise',
];
const nouns = [
  'badger', 'bay', 'birch', 'brook', 'cedar', 'cliff', 'cloud', 'comet', 'delta', 'falcon', 'fern', 'fjord', 'forest',
  'garden', 'harbour', 'heron', 'hill', 'island', 'lake', 'lark', 'maple', 'meadow', 'moon', 'otter', 'owl', 'pine',
  'planet', 'river', 'robin', 'sparrow', 'summit', 'valley', 'willow', 'wren',
];

/** The pattern of room names, as the server checks it. */
export const roomPattern = '[A-Za-z0-9_\\-]{1,64}';

/** The same rule in words. */
export const roomRule = 'Use 1 to 64 letters from A to Z, digits, - and _.';

/**
 * @param {string} name
 * @returns {boolean}
 */
export function isRoom(name) {
  return new RegExp(`^${roomPattern}$`).test(name);
}

/**
 * A random name that is easy to read out.
 *
 * @returns {string}
 */
export function suggestRoom() {
  const n = crypto.getRandomValues(new Uint32Array(3));
  return `${adjectives[n[0] % adjectives.length]}-${nouns[n[1] % nouns.length]}-${10 + (n[2] % 90)}`;
}

/**
 * Turns typed text into a room name: "Team Café!" becomes "Team-Cafe". '' where nothing is left of it.
 *
 * @param {string} text
 * @returns {string}
 */
export function toRoom(text) {
  return text
    .trim()
    .normalize('NFKD')
    .replace(/\s+/g, '-')
    .replace(/[^A-Za-z0-9_-]/g, '')
    .slice(0, 64);
}

/**
 * The room that a path names: the last part of /r/{room} or /watch/{room}.
 *
 * @param {string} path
 * @returns {string}
 */
export function roomOf(path) {
  const parts = path.split('/').filter(Boolean);
  try {
    return decodeURIComponent(parts[parts.length - 1] ?? '');
  } catch {
    return '';
  }
}
