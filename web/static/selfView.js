// One's own camera as in a mirror, in a corner of the picture, for those who choose it.

import { loadChoices } from './choices.js';
import { byId } from './dom.js';

/**
 * Shows the camera where the user wants that, and none else.
 *
 * @param {MediaStreamTrack | null} camera
 */
export function showSelf(camera) {
  const video = byId('self', HTMLVideoElement);
  const track = loadChoices().mirror ? camera : null;
  video.hidden = !track;
  const shown = video.srcObject instanceof MediaStream ? video.srcObject.getVideoTracks()[0] : undefined;
  if (shown === (track ?? undefined)) return;
  video.srcObject = track ? new MediaStream([track]) : null;
  if (track) void video.play().catch(() => {}); // a newer one plays
}
