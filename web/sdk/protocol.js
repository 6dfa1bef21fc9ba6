// The messages of the control channel, which mcu/control documents: each is one JSON
// object with a type.

// Generated from mcu/control: go test ./web -run Protocol -update

/**
 * Muted tells a participant that a host has switched its microphone or camera off, or holds it so.
 *
 * @typedef {object} Muted
 * @property {string} by name of the host
 * @property {boolean} audioMuted
 * @property {boolean} videoMuted
 * @property {boolean} [audioLocked] the participant cannot switch it on
 * @property {boolean} [videoLocked]
 */

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
 * @property {Muted} [muted] what a host has switched off; nil: nothing
 * @property {string} [role]
 * @property {string[]} [rights]
 */

/**
 * Moved says that the client is in another room from now on, over the same connection and with the same ID and resume token.
 *
 * @typedef {object} MovedMessage
 * @property {'moved'} type
 * @property {string} room
 */

/**
 * Waiting says that the client waits to be let into the room.
 *
 * @typedef {object} WaitingMessage
 * @property {'waiting'} type
 * @property {number} position in the queue; 1 is next
 */

/**
 * Admitted says that the client waits no more and is in the room, over the same connection.
 *
 * @typedef {object} AdmittedMessage
 * @property {'admitted'} type
 * @property {string} room
 */

/**
 * Rejected says that the client is not let in.
 *
 * @typedef {object} RejectedMessage
 * @property {'rejected'} type
 * @property {string} reason of the host; "": there is none
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
 * @property {string} [role] left out for a plain participant
 * @property {number} [hand] place in the order of raised hands, from 1; 0: it is down
 * @property {boolean} [spotlight]
 * @property {boolean} [screen]
 * @property {string} [quality]
 * @property {string} [cause]
 * @property {string} [direction]
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
 * @property {boolean} [screen] it is the participant's screen, and not its camera
 * @property {number} x
 * @property {number} y
 * @property {number} width
 * @property {number} height
 */

/**
 * Wish is what a viewer, or an output, wants to see.
 *
 * @typedef {object} Wish
 * @property {string} [layout] by its name; "": as the room has it
 * @property {string[]} [pin] IDs of participants with large tiles, in order
 * @property {string[]} [hide] IDs of participants without a tile
 * @property {string} [hideWithoutVideo]
 * @property {string} [self] "leave-out": no tile of the viewer's own
 * @property {string} [canvas] "720x1280", pixels; "": as the room has it
 * @property {string} [overlays]
 * @property {number} [fps] pictures a second; 0: as the room has it
 * @property {string} [follow]
 */

/**
 * Transition is how tiles come to other places.
 *
 * @typedef {object} Transition
 * @property {number} ms how long they move, at most MaxTransition; 0: they jump
 * @property {'in-out' | 'linear' | 'bounce' | number[]} [ease]
 */

/**
 * Layout says where each participant's tile is on the canvas of the view that the client has.
 *
 * @typedef {object} LayoutMessage
 * @property {'layout'} type
 * @property {string} name
 * @property {number} width of the canvas, pixels
 * @property {number} height of the canvas, pixels
 * @property {Tile[]} tiles
 * @property {number} [hidden] number of participants without a tile
 * @property {Wish} [view]
 * @property {Transition} [transition]
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
 * @property {boolean} [screen] it is about the screen that the client shares, and not its camera
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
 * @property {number} [part] 2 or more: it goes on after a crash of the server
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
 * ChatFile is a file that a participant has uploaded for the room.
 *
 * @typedef {object} ChatFile
 * @property {string} id secret of the room: the end of the file's address
 * @property {string} name as the participant calls it; no path
 * @property {number} size bytes
 * @property {string} expires
 */

/**
 * Chat is a text or a file that a participant sent to the room.
 *
 * @typedef {object} ChatMessage
 * @property {'chat'} type
 * @property {string} id of the participant
 * @property {string} name of the participant
 * @property {string} text
 * @property {string} time when the server received it, UTC
 * @property {string} [to]
 * @property {string} [toName]
 * @property {ChatFile} [file]
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
 * @property {string} [code] for programs; the guide of the protocol lists them
 */

/**
 * Standing is what the client may do: its role, and its rights by their names.
 *
 * @typedef {object} StandingMessage
 * @property {'standing'} type
 * @property {string} [role]
 * @property {string[]} [rights]
 */

/**
 * Muted tells a participant that a host has switched its microphone or camera off, or holds it so.
 *
 * @typedef {object} MutedMessage
 * @property {'muted'} type
 * @property {string} by name of the host
 * @property {boolean} audioMuted
 * @property {boolean} videoMuted
 * @property {boolean} [audioLocked] the participant cannot switch it on
 * @property {boolean} [videoLocked]
 */

/**
 * Asked tells a participant that a host asks it to switch its microphone or camera on.
 *
 * @typedef {object} AskedMessage
 * @property {'asked'} type
 * @property {string} by
 * @property {boolean} [audio]
 * @property {boolean} [video]
 */

/**
 * RoomState is what all in the room know of it.
 *
 * @typedef {object} RoomStateMessage
 * @property {'room'} type
 * @property {string} [title]
 * @property {boolean} [locked]
 * @property {number} [waiting] number of those in the lobby
 * @property {boolean} [history] those who come later get the chat of before
 */

/**
 * Waiter is one of them.
 *
 * @typedef {object} Waiter
 * @property {string} id
 * @property {string} name
 * @property {string} since UTC
 */

/**
 * Lobby lists those who wait to be let into the room, in the order in which they came.
 *
 * @typedef {object} LobbyMessage
 * @property {'lobby'} type
 * @property {Waiter[]} waiting
 */

/**
 * Announcement is what a host says to all, or the server, which is about to stop.
 *
 * @typedef {object} AnnouncementMessage
 * @property {'message'} type
 * @property {string} by
 * @property {string} text
 * @property {number} [closesIn] seconds until the server stops; 0: it does not
 */

/**
 * Removed is the last message to a participant that is not to come back by itself.
 *
 * @typedef {object} RemovedMessage
 * @property {'removed'} type
 * @property {string} code "kicked", "banned", "ended", "rejected"
 * @property {string} [reason]
 * @property {string} [until] end of a ban
 */

/**
 * Relocate says that the room goes on at another server of the cluster.
 *
 * @typedef {object} RelocateMessage
 * @property {'relocate'} type
 * @property {string} [url] of that server, for clients that came by From
 * @property {string} [from] URL of this server; clients that came by another keep their address
 * @property {number} [closesIn] seconds until this server stops; 0: it does not
 */

/**
 * Reaction tells all that a participant reacted.
 *
 * @typedef {object} ReactionMessage
 * @property {'reaction'} type
 * @property {string} id of the participant
 * @property {string} reaction
 */

/**
 * Chat is a text or a file that a participant sent to the room.
 *
 * @typedef {object} Chat
 * @property {string} id of the participant
 * @property {string} name of the participant
 * @property {string} text
 * @property {string} time when the server received it, UTC
 * @property {string} [to]
 * @property {string} [toName]
 * @property {ChatFile} [file]
 */

/**
 * History is the chat of before the client came, oldest first, where hosts have the room keep it.
 *
 * @typedef {object} HistoryMessage
 * @property {'history'} type
 * @property {Chat[]} messages
 */

/**
 * Quality says how good the client's media is, and if it is not, why and which way.
 *
 * @typedef {object} QualityMessage
 * @property {'quality'} type
 * @property {string} quality excellent, good, poor, or lost
 * @property {string} [cause] the guide of statistics lists them
 * @property {string} [direction] up: what the client sends; down: what it receives; or both
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
 * SendChat asks the server to pass a text or a file to everyone in the room, or to one participant.
 *
 * @typedef {object} SendChatMessage
 * @property {'chat'} type
 * @property {string} [text] at most MaxChat bytes; it may be empty with a file
 * @property {string} [to] ID of the only participant that gets it; "": all do
 * @property {string} [file] ID of a file that was uploaded for the room; "": there is none
 */

/**
 * ChooseLayout asks the server to change the layout for everyone in the room.
 *
 * @typedef {object} ChooseLayoutMessage
 * @property {'layout'} type
 * @property {string} name
 */

/**
 * View asks for a view for the client itself.
 *
 * @typedef {object} ViewMessage
 * @property {'view'} type
 * @property {string} [layout] by its name; "": as the room has it
 * @property {string[]} [pin] IDs of participants with large tiles, in order
 * @property {string[]} [hide] IDs of participants without a tile
 * @property {string} [hideWithoutVideo]
 * @property {string} [self] "leave-out": no tile of the viewer's own
 * @property {string} [canvas] "720x1280", pixels; "": as the room has it
 * @property {string} [overlays]
 * @property {number} [fps] pictures a second; 0: as the room has it
 * @property {string} [follow]
 */

/**
 * Hand raises or lowers the client's own hand.
 *
 * @typedef {object} HandMessage
 * @property {'hand'} type
 * @property {boolean} raised
 */

/**
 * SetMedia switches a microphone or a camera off, and holds it so.
 *
 * @typedef {object} SetMedia
 * @property {boolean} [muted] true
 * @property {boolean} [locked] its owner cannot switch it on
 */

/**
 * Set changes what participants are like: one by its ID, or all that Select chooses.
 *
 * @typedef {object} SetMessage
 * @property {'set'} type
 * @property {string} [id]
 * @property {string} [select] "all", "role:ROLE" or "hand"
 * @property {string[]} [except] IDs
 * @property {SetMedia} [audio]
 * @property {SetMedia} [video]
 * @property {string} [name]
 * @property {string} [title] under the name in a lower third, at most MaxBanner bytes
 * @property {string} [role]
 * @property {boolean} [hand]
 * @property {boolean} [spotlight]
 * @property {Wish} [view]
 * @property {boolean} [viewLocked]
 */

/**
 * Ask asks a participant to switch its microphone or its camera on.
 *
 * @typedef {object} AskMessage
 * @property {'ask'} type
 * @property {string} id
 * @property {boolean} [audio]
 * @property {boolean} [video]
 */

/**
 * Ban says how a removed participant is kept out.
 *
 * @typedef {object} Ban
 * @property {boolean} [not]
 * @property {number} [seconds] 0: a day
 * @property {boolean} [address] all clients of its address too
 */

/**
 * Kick removes a participant, and bans it unless Ban says otherwise.
 *
 * @typedef {object} KickMessage
 * @property {'kick'} type
 * @property {string} id
 * @property {string} [reason]
 * @property {Ban} [ban]
 */

/**
 * Move takes a participant to another room.
 *
 * @typedef {object} MoveMessage
 * @property {'move'} type
 * @property {string} id
 * @property {string} room
 */

/**
 * Lock lets nobody but hosts come in any more, or again everybody.
 *
 * @typedef {object} LockMessage
 * @property {'lock'} type
 * @property {boolean} locked
 */

/**
 * End ends the call for all.
 *
 * @typedef {object} EndMessage
 * @property {'end'} type
 * @property {string} [reason]
 */

/**
 * Announce says something to all in the room, in the name of its hosts.
 *
 * @typedef {object} AnnounceMessage
 * @property {'message'} type
 * @property {string} text 1 to MaxChat bytes
 */

/**
 * Admit lets those in who wait: some by their IDs, or all.
 *
 * @typedef {object} AdmitMessage
 * @property {'admit'} type
 * @property {string[]} [ids]
 * @property {boolean} [all]
 */

/**
 * Reject refuses those who wait: some by their IDs, or all.
 *
 * @typedef {object} RejectMessage
 * @property {'reject'} type
 * @property {string[]} [ids]
 * @property {boolean} [all]
 * @property {string} [reason]
 */

/**
 * Back sends a participant of the room back to its lobby.
 *
 * @typedef {object} BackMessage
 * @property {'back'} type
 * @property {string} id
 */

/**
 * Background is what is behind the tiles.
 *
 * @typedef {object} Background
 * @property {string} [colour] #RRGGBB
 * @property {string} [picture] see Logo
 */

/**
 * Logo is a picture in a corner.
 *
 * @typedef {object} Logo
 * @property {string} [picture]
 * @property {string} [corner] top-right, top-left, bottom-left or bottom-right
 * @property {number} [size] percent of the canvas's height, 1 to 40; 0: 12
 * @property {number} [opacity] percent, 1 to 100; 0: 100
 */

/**
 * Banner is a text across the canvas.
 *
 * @typedef {object} Banner
 * @property {string} [text] at most MaxBanner characters
 * @property {string} [edge] bottom or top
 */

/**
 * Poster is what a picture shows instead of tiles while there is nothing to see.
 *
 * @typedef {object} Poster
 * @property {string} [when] empty: nobody has a tile; pictures: no camera and no screen brings a picture
 * @property {string} [title] at most MaxBanner characters; "": that of the room, where there is no picture
 * @property {string} [text] under the title, at most MaxBanner characters
 * @property {string} [picture] that covers the canvas, see Logo; "": the background
 */

/**
 * Overlays is what the room's picture shows besides tiles.
 *
 * @typedef {object} OverlaysMessage
 * @property {'overlays'} type
 * @property {string} [name]
 * @property {Background} [background]
 * @property {Logo} [logo]
 * @property {Banner} [banner]
 * @property {string} [lowerThird] "speaker": when somebody begins to speak; "": on command
 * @property {string} [clock] time, elapsed or remaining
 * @property {string} [zone] of the time, as the IANA names it; "": UTC
 * @property {boolean} [rec] a badge while the room is recorded
 * @property {string} [qr] a link, http or https
 * @property {boolean} [ending] the time left, in the last 5 minutes
 * @property {Poster} [waiting]
 * @property {Transition} [transition]
 */

/**
 * LowerThird shows the name and the title of a participant for 5 s.
 *
 * @typedef {object} LowerThirdMessage
 * @property {'lowerThird'} type
 * @property {string} id
 */

/**
 * React shows a picture on the client's own tile for 3 s.
 *
 * @typedef {object} ReactMessage
 * @property {'reaction'} type
 * @property {string} reaction one of Reactions
 */

/**
 * KeepChat has the room keep its chat for those who come later, or no longer.
 *
 * @typedef {object} KeepChatMessage
 * @property {'history'} type
 * @property {boolean} kept
 */

/**
 * Rename changes the client's own name.
 *
 * @typedef {object} RenameMessage
 * @property {'name'} type
 * @property {string} name
 */

/**
 * Receive says how much the client wants to receive, whatever its network carries.
 *
 * @typedef {object} ReceiveMessage
 * @property {'receive'} type
 * @property {number} [maxBitrate] of picture and sound, bits a second, at least MinReceive; 0: any
 */

/**
 * Report is what the client's own statistics say, such as the getStats of a browser.
 *
 * @typedef {object} ReportMessage
 * @property {'report'} type
 * @property {string} [browser] and its version; 100 bytes at most
 * @property {string} [device] and its system; 100 bytes at most
 * @property {number} [framesDecoded] of the mix
 * @property {number} [framesDropped] of these, those that were not shown
 * @property {number} [freeze] ms for which the picture stood still
 * @property {number} [buffer] ms of sound that wait to be played
 * @property {number} [concealed] ms of sound that were made up
 * @property {number} [framesSent] of the camera
 * @property {string} [limitedBy]
 * @property {boolean} [relayed] media goes over a TURN server
 */

/** @typedef {WelcomeMessage | MovedMessage | WaitingMessage | AdmittedMessage | RejectedMessage | AnswerMessage | CandidateMessage | ParticipantsMessage | SpeakingMessage | LayoutMessage | UplinkMessage | RenditionMessage | RecordingsMessage | BroadcastMessage | ChatMessage | AliveMessage | ErrorMessage | StandingMessage | MutedMessage | AskedMessage | RoomStateMessage | LobbyMessage | AnnouncementMessage | RemovedMessage | RelocateMessage | ReactionMessage | HistoryMessage | QualityMessage} ServerMessage */

/** @typedef {OfferMessage | AnswerMessage | CandidateMessage | MuteMessage | SendChatMessage | ChooseLayoutMessage | ViewMessage | AliveMessage | HandMessage | SetMessage | AskMessage | KickMessage | MoveMessage | LockMessage | EndMessage | AnnounceMessage | AdmitMessage | RejectMessage | BackMessage | OverlaysMessage | LowerThirdMessage | ReactMessage | KeepChatMessage | RenameMessage | ReceiveMessage | ReportMessage} ClientMessage */
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
