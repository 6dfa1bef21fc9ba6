// The messages of the control channel. See the server's documentation of
// /ws/{room}; every message is one JSON object with a type.

/**
 * @typedef {{id: string, name: string, audio: boolean, video: boolean, speaking: boolean, line?: 'weak' | 'lost'}} Participant
 *   audio and video say what is off: audio true is a muted microphone.
 *   line: no good picture comes of him, or he has lost his connection; left out where all is well
 * @typedef {{id: string, x: number, y: number, width: number, height: number}} Tile
 *   in pixels of the mix
 * @typedef {{type: 'layout', name: string, width: number, height: number, tiles: Tile[], hidden?: number}} Layout
 *   hidden: how many participants have no tile
 * @typedef {{type: 'uplink', width: number, height: number, maxFramerate: number, maxBitrate: number, active: boolean}} UplinkRequest
 *   no more than this is of use to the call: pixels, pictures a second, bits a second
 * @typedef {{type: 'rendition', width?: number, height?: number, maxFramerate?: number, maxBitrate?: number, active: boolean}} Rendition
 *   what this page receives of the mix, as much as its line carries; not active: sound only
 * @typedef {{type: 'chat', id: string, name: string, text: string, time: string | number}} ChatMessage
 * @typedef {{type: 'welcome', id: string, name: string, room: string, iceServers?: RTCIceServer[], resume?: string}} Welcome
 *
 *   resume: the secret to come back with
 *
 * @typedef {{id: string, state: 'starting' | 'recording' | 'paused' | 'finished' | 'failed', reason?: string}} Recording
 *   reason: why it ended, where nobody asked for it
 * @typedef {{type: 'recordings', recordings: Recording[]}} RecordingsMessage
 *   those that run, and one that has just ended
 *
 * @typedef {{type: 'broadcast', active: boolean}} BroadcastMessage
 *
 * @typedef {Welcome
 *   | {type: 'answer', sdp: string}
 *   | {type: 'candidate', candidate: RTCIceCandidateInit}
 *   | {type: 'participants', participants: Participant[]}
 *   | {type: 'speaking', ids: string[]}
 *   | Layout | UplinkRequest | Rendition | ChatMessage | RecordingsMessage | BroadcastMessage
 *   | {type: 'alive'}
 *   | {type: 'error', error: string}} ServerMessage
 *
 * @typedef {{type: 'offer', sdp: string}
 *   | {type: 'candidate', candidate: RTCIceCandidateInit}
 *   | {type: 'mute', audio: boolean, video: boolean}
 *   | {type: 'chat', text: string}
 *   | {type: 'layout', name: string}
 *   | {type: 'alive'}} ClientMessage
 *   alive: asks whether the server hears us, which it answers at once with the same
 */

/**
 * Reads one message. What is no object with a type gives null; a type this page
 * does not know is left to the caller, who ignores it.
 *
 * @param {unknown} data
 * @returns {ServerMessage | null}
 */
export function parseMessage(data) {
  if (typeof data !== 'string') return null;
  try {
    const message = JSON.parse(data);
    return typeof message?.type === 'string' ? message : null;
  } catch {
    return null;
  }
}
