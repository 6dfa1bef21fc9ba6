// Sends the server what the browser's own statistics say, so that it stands beside the server's.

const interval = 2_000; // ms between two looks
const narrow = 400_000; // bits a second that a camera does not fit into
const rarely = 5; // looks after which a report goes out though nothing changed

/** @typedef {import('./protocol.js').ReportMessage} ReportMessage */

/** Reports about the connection of a session for as long as there is one. */
export class Reporter {
  #timer = 0;
  #looks = 0;
  #said = '';

  /**
   * @param {() => RTCPeerConnection | null} connection null: there is none to report about
   * @param {(message: ReportMessage) => void} send
   */
  constructor(connection, send) {
    this.connection = connection;
    this.send = send;
  }

  /** Begins to report, unless it does already. */
  start() {
    if (this.#timer) return;
    this.#timer = setInterval(() => void this.#look(), interval);
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = 0;
  }

  async #look() {
    const pc = this.connection();
    if (!pc || pc.signalingState === 'closed') return;
    const report = digest(await pc.getStats());
    const said = `${report.limitedBy} ${report.relayed}`;
    if (said === this.#said && (this.#looks += 1) % rarely) return;
    this.#said = said;
    this.send(report);
  }
}

/**
 * What of a browser's statistics the server is told.
 *
 * @param {RTCStatsReport} stats
 * @returns {ReportMessage}
 */
export function digest(stats) {
  const all = /** @type {any[]} */ ([...stats.values()]);
  const of = (/** @type {string} */ type, /** @type {string} */ kind) => all.find((s) => s.type === type && s.kind === kind) ?? {};
  const picture = of('inbound-rtp', 'video');
  const sound = of('inbound-rtp', 'audio');
  const sent = of('outbound-rtp', 'video');
  const pair = all.find((s) => s.type === 'candidate-pair' && s.nominated && s.state === 'succeeded');
  const whole = (/** @type {number} */ n) => Math.max(0, Math.round(n || 0));
  return {
    type: 'report',
    browser: agent(),
    device: (navigator.platform ?? '').slice(0, 50),
    framesDecoded: whole(picture.framesDecoded),
    framesDropped: whole(picture.framesDropped),
    freeze: whole(1000 * picture.totalFreezesDuration),
    buffer: whole((1000 * sound.jitterBufferDelay) / sound.jitterBufferEmittedCount),
    concealed: whole(sound.concealedSamples / 48),
    framesSent: whole(sent.framesSent),
    limitedBy: limit(sent.qualityLimitationReason, pair?.availableOutgoingBitrate),
    relayed: pair ? all.find((s) => s.id === pair.localCandidateId)?.candidateType === 'relay' : false,
  };
}

/**
 * Why less is sent of the camera than could be. A browser that was asked for a small picture says
 * bandwidth too, so that counts on a narrow path only.
 *
 * @param {string | undefined} reason of the browser
 * @param {number | undefined} available bits a second of the path
 */
function limit(reason, available) {
  if (reason === 'cpu') return 'cpu';
  return reason === 'bandwidth' && available && available < narrow ? 'bandwidth' : '';
}

/** The browser's name and version. */
function agent() {
  return /(Firefox|Edg|OPR|Chrome|Version)\/[\d.]+/.exec(navigator.userAgent)?.[0].slice(0, 50) ?? '';
}
