// What makes a picture or sound bad, in plain words.

/** @typedef {{quality?: string, cause?: string, direction?: string}} Fault as the server finds it */

/**
 * What to say to the participant concerned, and what helps.
 *
 * @type {Record<string, [what: string, advice: string]>}
 */
const own = {
  'connection': ['Your connection is lost', 'Your connection is lost. The page reconnects by itself.'],
  'server': ['The server is too busy', 'The server is too busy. Nothing is wrong with your connection.'],
  'bandwidth up': ['Your upload is slow', 'Your upload is slow. A cable helps, or fewer programs that send.'],
  'bandwidth down': ['Your download is slow', 'Your download is slow. A cable helps, or fewer programs that load.'],
  'loss up': ['Your upload loses data', 'Your upload loses data. A cable helps, or a place nearer to the access point.'],
  'loss down': ['Your download loses data', 'Your download loses data. A cable helps, or a place nearer to the access point.'],
  'jitter up': ['Your upload is uneven', 'Your upload is uneven. A cable helps, or a place nearer to the access point.'],
  'jitter down': ['Your download is uneven', 'Your download is uneven. A cable helps, or a place nearer to the access point.'],
  'delay': ['Your connection is slow to answer', 'Your connection is slow to answer, so the others hear you late. A VPN may be the reason.'],
  'client-cpu': ['Your device is too busy', 'Your device is too busy. Close other programs, or choose a smaller picture.'],
  'camera': ['Your camera sends no picture', 'Your camera sends no picture. Another program may use it. Switch it off and on.'],
  'key-frames': ['Your browser loses the picture', 'Your browser loses the picture. Load the page again.'],
};

/**
 * The same about another participant, after its name.
 *
 * @type {Record<string, string>}
 */
const others = {
  'connection': 'connection lost', 'server': 'the server is too busy',
  'bandwidth up': 'slow upload', 'bandwidth down': 'slow download',
  'loss up': 'upload loses data', 'loss down': 'download loses data',
  'jitter up': 'uneven upload', 'jitter down': 'uneven download',
  'delay': 'slow to answer', 'client-cpu': 'device too busy', 'camera': 'camera sends no picture',
  'key-frames': 'loses the picture', 'clipping': 'microphone too loud', 'microphone': 'microphone is silent',
  'relay': 'over a relay', 'codec': 'camera sends VP8',
};

/** @param {Fault} fault */
function keyOf({ cause = '', direction }) {
  const way = direction === 'up' ? 'up' : 'down'; // where both are meant, one receives
  return `${cause} ${way}` in others ? `${cause} ${way}` : cause;
}

/** Whether it is seen or heard. @param {Fault} fault */
export function isBad({ quality }) {
  return quality === 'poor' || quality === 'lost';
}

/**
 * What is wrong with this participant's own media, and what helps as well; null where nothing is.
 *
 * @param {Fault} fault
 * @returns {[what: string, advice: string] | null}
 */
export function ownFault(fault) {
  return isBad(fault) ? own[keyOf(fault)] ?? ['Your connection is bad', 'Your connection is bad. A cable helps, or a place nearer to the access point.'] : null;
}

/**
 * What is wrong with another participant's media; '' where nothing is.
 *
 * @param {Fault} fault
 * @returns {string}
 */
export function faultOf(fault) {
  if (!fault.cause) return isBad(fault) ? 'bad connection' : '';
  return others[keyOf(fault)] ?? 'bad connection';
}
