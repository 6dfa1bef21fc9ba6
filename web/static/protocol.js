// The messages of the control channel, which mcu/control documents: each is one JSON
// object with a type.

// Generated from mcu/control: go test ./web -run Protocol -update

/**
 * Welcome is the first message of the server to a client.
 *
 * @typedef {object} WelcomeMessage
 * @property {'welcome'} type
 * @property {RTCIceServer[]} [iceServers]
 * @property {string} [resume] resume token; "": this client cannot come back
 * @property {string} id the client's own ID in Participants
 * @property {string} name
 * @property {string} room
 */

/**
 * Moved says that the client is in another room from now on, over the same connection and with the same ID and resume token.
 *
 * @typedef {object} MovedMessage
 * @property {'moved'} type
 * @property {string} room
 */

/**
 * Answer is the server's SDP answer to an [Offer].
 *
 * @typedef {object} AnswerMessage
 * @property {'answer'} type
 * @property {string} sdp
 */

/**
 * Candidate is an ICE candidate of either side.
 *
 * @typedef {object} CandidateMessage
 * @property {'candidate'} type
 * @property {RTCIceCandidateInit} candidate
 */

/**
 * Person is a participant as the others in the room see it.
 *
 * @typedef {object} Person
 * @property {string} id
 * @property {string} name
 * @property {boolean} audioMuted the microphone is off
 * @property {boolean} videoMuted the camera is off
 * @property {boolean} speaking
 * @property {'weak' | 'lost'} [line] left out where the video is good
 * @property {string} [reason]
 * @property {boolean} audio
 * @property {boolean} video
 */

/**
 * Participants lists everyone in the room but the viewers.
 *
 * @typedef {object} ParticipantsMessage
 * @property {'participants'} type
 * @property {Person[]} participants
 */

/**
 * Speaking lists the participants who speak.
 *
 * @typedef {object} SpeakingMessage
 * @property {'speaking'} type
 * @property {string[]} ids
 */

/**
 * Tile is a participant's rectangle on the canvas, in pixels.
 *
 * @typedef {object} Tile
 * @property {string} id of the participant
 * @property {number} x
 * @property {number} y
 * @property {number} width
 * @property {number} height
 */

/**
 * Layout says where each participant's tile is on the canvas.
 *
 * @typedef {object} LayoutMessage
 * @property {'layout'} type
 * @property {string} name
 * @property {number} width of the canvas, pixels
 * @property {number} height of the canvas, pixels
 * @property {Tile[]} tiles
 * @property {number} [hidden] number of participants without a tile
 */

/**
 * Uplink asks a sender to send no more video than its tiles need.
 *
 * @typedef {object} UplinkMessage
 * @property {'uplink'} type
 * @property {number} [width] pixels
 * @property {number} [height] pixels
 * @property {number} [maxFramerate] frames per second
 * @property {number} [maxBitrate] bits per second
 * @property {boolean} active false: send no video, because nobody receives it
 */

/**
 * Rendition says which rendition of the mix the client receives.
 *
 * @typedef {object} RenditionMessage
 * @property {'rendition'} type
 * @property {number} [width] pixels
 * @property {number} [height] pixels
 * @property {number} [maxFramerate] frames per second
 * @property {number} [maxBitrate] bits per second
 * @property {boolean} active false: audio only
 */

/**
 * Recording is a recording of the room.
 *
 * @typedef {object} Recording
 * @property {string} id
 * @property {'starting' | 'recording' | 'paused' | 'finished' | 'failed'} state starting, recording, paused, finished or failed
 * @property {string} [reason] why it ended, unless a client stopped it
 */

/**
 * Recordings lists the recordings of the room that run, and the one that just ended.
 *
 * @typedef {object} RecordingsMessage
 * @property {'recordings'} type
 * @property {Recording[]} recordings
 */

/**
 * Broadcast says whether the room is broadcast.
 *
 * @typedef {object} BroadcastMessage
 * @property {'broadcast'} type
 * @property {boolean} active
 */

/**
 * Chat is a text that a participant sent to the room.
 *
 * @typedef {object} ChatMessage
 * @property {'chat'} type
 * @property {string} id of the participant
 * @property {string} name of the participant
 * @property {string} text
 * @property {string} time when the server received it, UTC
 */

/**
 * Alive asks the server whether it still receives.
 *
 * @typedef {object} AliveMessage
 * @property {'alive'} type
 */

/**
 * Error says why the server refused a message of the client.
 *
 * @typedef {object} ErrorMessage
 * @property {'error'} type
 * @property {string} error
 */

/**
 * Offer is an SDP offer of a client.
 *
 * @typedef {object} OfferMessage
 * @property {'offer'} type
 * @property {string} sdp
 */

/**
 * Mute says what the sender has switched off.
 *
 * @typedef {object} MuteMessage
 * @property {'mute'} type
 * @property {boolean} audioMuted the microphone is off
 * @property {boolean} videoMuted the camera is off
 */

/**
 * SendChat asks the server to pass a text to everyone in the room.
 *
 * @typedef {object} SendChatMessage
 * @property {'chat'} type
 * @property {string} text 1 to MaxChat bytes
 */

/**
 * ChooseLayout asks the server to change the layout for everyone in the room.
 *
 * @typedef {object} ChooseLayoutMessage
 * @property {'layout'} type
 * @property {string} name
 */

/** @typedef {WelcomeMessage | MovedMessage | AnswerMessage | CandidateMessage | ParticipantsMessage | SpeakingMessage | LayoutMessage | UplinkMessage | RenditionMessage | RecordingsMessage | BroadcastMessage | ChatMessage | AliveMessage | ErrorMessage} ServerMessage */

/** @typedef {OfferMessage | AnswerMessage | CandidateMessage | MuteMessage | SendChatMessage | ChooseLayoutMessage | AliveMessage} ClientMessage */
// End of what is generated.

/**
 * Reads one message. Anything but an object with a type gives null. The caller ignores
 * types that it does not know.
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
