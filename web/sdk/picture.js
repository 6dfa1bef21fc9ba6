// The element of a call: the mix, and the own camera over its tile.

/**
 * The rectangle of a tile in an element that shows the whole canvas, centred, in percent of the
 * element; null where there is none.
 *
 * @param {{x: number, y: number, width: number, height: number} | undefined} tile
 * @param {{width: number, height: number} | null} canvas
 * @param {{width: number, height: number}} box
 */
export function placeOf(tile, canvas, box) {
  if (!tile || !canvas?.width || !canvas.height || !box.width || !box.height) return null;
  const scale = Math.min(box.width / canvas.width, box.height / canvas.height);
  const left = (box.width - canvas.width * scale) / 2 + tile.x * scale;
  const top = (box.height - canvas.height * scale) / 2 + tile.y * scale;
  return {
    left: (100 * left) / box.width, top: (100 * top) / box.height,
    width: (100 * tile.width * scale) / box.width, height: (100 * tile.height * scale) / box.height,
  };
}

/** Shows the mix, and the own camera without its way over the server. */
export class Picture {
  element = document.createElement('div');
  video = document.createElement('video');
  preview = document.createElement('video');
  /** @type {{x: number, y: number, width: number, height: number} | undefined} */
  #tile;
  /** @type {{width: number, height: number} | null} */
  #canvas = null;

  /** @param {() => void} blocked called when the browser plays no sound before a click */
  constructor(blocked) {
    this.blocked = blocked;
    const { element, video, preview } = this;
    element.className = 'tilemix';
    Object.assign(element.style, { position: 'relative', display: 'block' });
    for (const [each, part] of /** @type {[HTMLVideoElement, string][]} */ ([[video, 'video'], [preview, 'preview']])) {
      each.setAttribute('part', part);
      each.className = `tilemix-${part}`;
      each.playsInline = true;
      each.autoplay = true;
      element.append(each);
    }
    Object.assign(video.style, { display: 'block', width: '100%', height: '100%', objectFit: 'contain' });
    Object.assign(preview.style, { position: 'absolute', objectFit: 'cover', transform: 'scaleX(-1)', pointerEvents: 'none' });
    preview.muted = true;
    preview.hidden = true;
    video.addEventListener('resize', () => this.#place());
    if (typeof ResizeObserver !== 'undefined') new ResizeObserver(() => this.#place()).observe(element);
  }

  /** @param {MediaStream | null} stream */
  show(stream) {
    if (this.video.srcObject === stream) return;
    this.video.srcObject = stream;
    if (stream) void this.play().catch(() => {});
  }

  /** Plays with sound, and without where the browser wants a click first. Rejects as play() of the browser. */
  async play() {
    const { video } = this;
    video.muted = false;
    try {
      await video.play();
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'NotAllowedError')) return; // a new stream has replaced this one
      video.muted = true;
      await video.play().catch(() => {});
      this.blocked();
      throw error;
    }
  }

  /** @param {MediaStreamTrack | null} track the own camera, null while it is off */
  self(track) {
    const { preview } = this;
    const now = preview.srcObject instanceof MediaStream ? preview.srcObject.getVideoTracks()[0] : null;
    if (track !== now) preview.srcObject = track ? new MediaStream([track]) : null;
    this.#place();
  }

  /**
   * @param {import('./protocol.js').LayoutMessage | null} layout
   * @param {string} id of the own participant
   */
  layout(layout, id) {
    this.#canvas = layout;
    this.#tile = layout?.tiles?.find((t) => t.id === id && !t.screen);
    this.#place();
  }

  #place() {
    const { element, preview } = this;
    const place = preview.srcObject ? placeOf(this.#tile, this.#canvas, { width: element.clientWidth, height: element.clientHeight }) : null;
    preview.hidden = !place;
    for (const [name, percent] of Object.entries(place ?? {})) preview.style.setProperty(name, `${percent}%`);
  }

  close() {
    this.video.srcObject = this.preview.srcObject = null;
    this.preview.hidden = true;
  }
}
