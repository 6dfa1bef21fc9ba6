// Camera and microphone: opening, closing, choosing, and explaining problems.

/** @typedef {'audio' | 'video'} Kind */

/**
 * @typedef {'' | 'insecure' | 'denied' | 'missing' | 'busy' | 'gone'} Problem
 *   why a device is not open; '' for no problem
 */

/** @type {Record<Kind, string>} */
const word = { audio: 'microphone', video: 'camera' };

/**
 * @param {unknown} error of getUserMedia
 * @returns {Problem}
 */
export function problemOf(error) {
  switch (error instanceof DOMException ? error.name : '') {
    case 'InsecureError':
      return 'insecure';
    case 'NotAllowedError':
    case 'SecurityError':
      return 'denied';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'missing';
    default:
      return 'busy';
  }
}

/**
 * The text for devices that are not open.
 *
 * @param {Record<Kind, Problem>} problem
 * @returns {string} '' where there is no problem
 */
export function explain(problem) {
  const { audio, video } = problem;
  if (audio && audio === video) return sentence(audio, 'camera and microphone', true);
  return [video && sentence(video, 'camera', false), audio && sentence(audio, 'microphone', false)].filter(Boolean).join(' ');
}

/**
 * @param {Problem} problem
 * @param {string} what
 * @param {boolean} both
 */
function sentence(problem, what, both) {
  const [are, them, were] = both ? ['are', 'them', 'were'] : ['is', 'it', 'was'];
  switch (problem) {
    case 'insecure':
      return `The ${what} ${are} not available: browsers give ${them} only to pages on https or localhost.`;
    case 'denied':
      return `The ${what} ${are} not allowed. Allow ${them} in the browser's address bar, then try again.`;
    case 'missing':
      return both ? 'No camera and no microphone found.' : `No ${what} found.`;
    case 'gone':
      return `The ${what} ${were} disconnected.`;
    default:
      return `The ${what} did not start. Perhaps another program is using ${them}.`;
  }
}

/**
 * The local camera and microphone. At most one track of each kind is open;
 * problem says why one is not.
 */
export class Devices {
  /** @type {Record<Kind, MediaStreamTrack | null>} */
  tracks = { audio: null, video: null };
  /** @type {Record<Kind, Problem>} */
  problem = { audio: '', video: '' };
  /** @type {Record<Kind, string>} device ids to ask for, '' for any */
  wanted = { audio: '', video: '' };

  /** @type {Record<Kind, MediaTrackConstraints>} what the program asks for besides */
  besides = { audio: {}, video: {} };
  /** @type {Record<Kind, MediaStreamTrack | null>} tracks of the program's own, which are never stopped here */
  given = { audio: null, video: null };

  /** What the microphone brings: 'speech', 'plain' (with noise) or 'music'. */
  sound = 'speech';

  /**
   * Called when a device is unplugged or the system takes it.
   *
   * @type {(kind: Kind) => void}
   */
  onlost = () => {};

  /** How often each was closed: what was asked for before is not wanted any more. */
  #closed = { audio: 0, video: 0 };

  /**
   * Opens devices. It requests both kinds at once, so that the browser prompts once. If
   * that fails, it tries each alone. It never throws; problem says what failed. A device that
   * is closed before the browser gives it is released at once.
   *
   * @param {Kind[]} kinds
   */
  async open(kinds) {
    const since = { ...this.#closed };
    for (const kind of kinds) {
      const track = this.given[kind];
      if (!track || this.tracks[kind]) continue;
      if (track.readyState === 'live') this.#keep(new MediaStream([track]), since);
      else this.problem[kind] = 'gone';
    }
    const missing = kinds.filter((kind) => !this.tracks[kind] && !this.given[kind]);
    if (missing.length === 0) return;
    if (missing.length === 1) return this.#openOne(missing[0], since);
    try {
      this.#keep(await this.#ask(missing), since);
    } catch (error) {
      for (const kind of missing) {
        if (await mayAskAgain(kind, error)) await this.#openOne(kind, since);
        else this.problem[kind] = problemOf(error);
      }
    }
  }

  /** @param {Kind} kind */
  close(kind) {
    this.#closed[kind]++;
    const track = this.tracks[kind];
    this.tracks[kind] = null;
    if (track) {
      track.onended = null;
      if (track !== this.given[kind]) track.stop();
    }
  }

  /**
   * @param {Kind} kind
   * @param {Record<Kind, number>} since
   */
  async #openOne(kind, since) {
    if (this.#closed[kind] !== since[kind]) return;
    try {
      this.#keep(await this.#ask([kind]), since);
    } catch (error) {
      this.problem[kind] = problemOf(error);
    }
  }

  /** @param {Kind[]} kinds */
  async #ask(kinds) {
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new DOMException('not a secure context', 'InsecureError');
    }
    /** @type {MediaStreamConstraints} */
    const constraints = {};
    if (kinds.includes('audio')) {
      constraints.audio = { ...processing(this.sound), ...device(this.wanted.audio), ...this.besides.audio };
    }
    if (kinds.includes('video')) {
      constraints.video = {
        width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 },
        ...device(this.wanted.video), ...this.besides.video,
      };
    }
    return navigator.mediaDevices.getUserMedia(constraints);
  }

  /**
   * @param {MediaStream} stream
   * @param {Record<Kind, number>} since what was closed when it was asked for
   */
  #keep(stream, since) {
    for (const track of stream.getTracks()) {
      const kind = /** @type {Kind} */ (track.kind);
      if (this.#closed[kind] !== since[kind]) {
        track.stop();
        continue;
      }
      this.close(kind);
      this.tracks[kind] = track;
      this.problem[kind] = '';
      track.onended = () => {
        this.tracks[kind] = null;
        this.problem[kind] = 'gone';
        this.onlost(kind);
      };
    }
  }
}

/**
 * @param {string} sound 'speech', 'plain' or 'music'
 * @returns {MediaTrackConstraints}
 */
function processing(sound) {
  if (sound === 'music') return { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: { ideal: 2 } };
  return { echoCancellation: true, noiseSuppression: sound !== 'plain', autoGainControl: true };
}

/**
 * A remembered device is preferred, not required: without it the browser takes another.
 *
 * @param {string} id
 * @returns {MediaTrackConstraints}
 */
function device(id) {
  return id ? { deviceId: { ideal: id } } : {};
}

/**
 * Whether to try a device alone after both together were refused. It is not when the user
 * has just denied it, because the browser would prompt again.
 *
 * @param {Kind} kind
 * @param {unknown} error
 * @returns {Promise<boolean>}
 */
async function mayAskAgain(kind, error) {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'InsecureError') return false;
  if (name !== 'NotAllowedError') return true;
  /** @param {Kind} k */
  const state = async (k) => {
    const permission = /** @type {PermissionName} */ (word[k]);
    return (await navigator.permissions.query({ name: permission })).state;
  };
  try {
    const other = kind === 'audio' ? 'video' : 'audio';
    const own = await state(kind);
    return own === 'granted' || (own === 'prompt' && (await state(other)) === 'denied');
  } catch {
    return false; // this browser does not say
  }
}
