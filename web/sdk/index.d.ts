/** A call of a tilemix server: one video with everybody in it, mixed on the server. */

/** The version of this package. */
export const version: string

/**
 * Joins the call of a link, such as https://mix.example/r/demo. It resolves once the participant is
 * in the call, or waits in its lobby. It rejects with a TilemixError.
 */
export function join(link: string | URL, options?: JoinOptions): Promise<Call>

/**
 * Tries what a call of this link would need, for some seconds: server, WebSocket, media over UDP, TCP and
 * TURN, camera, microphone.
 */
export function check(link: string | URL, options?: CheckOptions): Promise<{ ok: boolean; lines: CheckLine[] }>

export interface CheckOptions {
  token?: string
  invite?: string
  pin?: string
  /** false: neither camera nor microphone. */
  devices?: boolean
  /** true: be in the room of the link meanwhile, and measure what comes back. Take a room that is nobody else's. */
  loop?: boolean
  /** Called with each line as it is known. */
  onLine?: (line: CheckLine) => void
}

export interface CheckLine {
  name: 'server' | 'websocket' | 'udp' | 'tcp' | 'turn' | 'send' | 'receive' | 'camera' | 'microphone'
  /** null: there is nothing to check, such as TURN on a server without it. */
  ok: boolean | null
  /** A sentence for people. */
  text: string
  ms: number
}

export interface JoinOptions {
  /** As the others see it. "Guest" without one. */
  name?: string
  /** A token of your own server. */
  token?: string
  /** An invite. A link that ends in #i=INVITE needs none here. */
  invite?: string
  /** The PIN of the room. */
  pin?: string
  /** Fewer rights than the link gives. A host may come in any role, each client as a viewer. */
  role?: 'participant' | 'viewer' | 'host' | 'recorder' | 'interpreter'
  /** true: a camera; or which one; or a track of your own, which stays open after the call. */
  camera?: boolean | MediaTrackConstraints | MediaStreamTrack
  /** true: a microphone; or which one; or a track of your own. */
  microphone?: boolean | MediaTrackConstraints | MediaStreamTrack
  /** What to receive: true is picture and sound. */
  receive?: boolean | 'audio'
  /** What to see, from the beginning. */
  view?: View
  /** false: the element does not show the own camera over its tile. */
  preview?: boolean
  /** Aborts the join. Afterwards leave() ends the call. */
  signal?: AbortSignal
  /** 'whip': WHIP and a data channel. 'sse': events and posts. 'auto': a WebSocket, or the first of these that works. */
  transport?: 'auto' | 'whip' | 'sse'
  /** Milliseconds until join rejects with the code "unreachable". 20000 without it. */
  timeout?: number
}

/** Codes of errors of this package. Errors of the server have the server's codes. */
export type Code =
  | 'aborted' | 'bad_link' | 'unreachable' | 'unsupported' | 'not_connected' | 'refused' | 'forbidden' | 'device' | 'gesture'
  | 'device_denied' | 'device_missing' | 'device_busy' | 'device_gone' | 'device_insecure'

export class TilemixError extends Error {
  readonly code: Code | (string & {})
  constructor(code: string, message: string)
}

export interface Participant {
  id: string
  name: string
  /** Whether the microphone is on. */
  audio: boolean
  /** Whether the camera is on. */
  video: boolean
  /** Place among the raised hands, from 1; 0: the hand is down. */
  hand: number
  speaking: boolean
  screen: boolean
  spotlight: boolean
  line?: 'weak' | 'lost'
  role: string
  you: boolean
}

export interface View {
  layout?: string
  /** IDs of participants with large tiles. */
  pin?: string[]
  /** IDs of participants without a tile. */
  hide?: string[]
  hideWithoutVideo?: string
  self?: string
  canvas?: string
  fps?: number
  follow?: string
}

export interface Layout {
  name: string
  width: number
  height: number
  tiles: { id: string; screen?: boolean; x: number; y: number; width: number; height: number }[]
  hidden?: number
  view?: View
}

export interface Rendition {
  width?: number
  height?: number
  maxFramerate?: number
  maxBitrate?: number
  active: boolean
}

export type State = 'connecting' | 'waiting' | 'in' | 'reconnecting' | 'left'

/** How a call ended. The codes kicked, banned, rejected and ended are final. */
export interface End {
  code: 'left' | 'kicked' | 'banned' | 'rejected' | 'ended' | 'closed' | (string & {})
  reason: string
}

export interface Events {
  state: State
  waiting: { position: number }
  admitted: { room: string }
  moved: { room: string }
  participants: Participant[]
  /** IDs of those who speak. */
  speaking: string[]
  layout: Layout
  rendition: Rendition
  quality: 'good' | 'weak' | 'lost'
  muted: { by: string; audioMuted: boolean; videoMuted: boolean; audioLocked?: boolean; videoLocked?: boolean }
  asked: { by: string; audio?: boolean; video?: boolean }
  reaction: { id: string; reaction: string }
  chat: { id: string; name: string; text: string; time: string }
  message: { by: string; text: string; closesIn?: number }
  room: { title?: string; locked?: boolean; waiting?: number }
  lobby: { waiting: { id: string; name: string; since: string }[] }
  standing: { role?: string; rights?: string[] }
  recording: boolean
  broadcast: boolean
  sharing: boolean
  /** The browser plays no sound before a click: call play() from one. */
  blocked: undefined
  error: TilemixError
  left: End
}

export interface Call {
  readonly id: string
  readonly name: string
  readonly room: string
  readonly role: string
  readonly rights: string[]
  readonly state: State
  /** Why the call waits or reconnects, '' without a reason. */
  readonly problem: string
  readonly participants: Participant[]
  readonly me: Participant | null
  /** The mix: one video and one audio track. */
  readonly stream: MediaStream | null
  /** The picture with sound, and the own camera over its tile. */
  readonly element: HTMLElement
  readonly layout: Layout | null
  readonly rendition: Rendition | null
  readonly quality: 'good' | 'weak' | 'lost'
  readonly recording: boolean
  readonly broadcasting: boolean
  readonly sharing: boolean
  readonly ended: End

  on<K extends keyof Events>(event: K, listener: (detail: Events[K]) => void): this
  off<K extends keyof Events>(event: K, listener: (detail: Events[K]) => void): this

  /** Plays the sound; call it from a click after the event "blocked". */
  play(): Promise<void>
  /** true switches a device off, false on. */
  mute(off: { microphone?: boolean; camera?: boolean }): Promise<void>
  /** Shares a screen, window or tab; false ends it. */
  share(on?: boolean): Promise<void>
  /** Changes what this participant sees. It replaces the view of before. */
  set(view: View): Promise<void>
  chat(text: string): Promise<void>
  hand(raised?: boolean): Promise<void>
  react(reaction: 'like' | 'clap' | 'heart' | 'laugh' | 'surprise' | 'party'): Promise<void>
  leave(): Promise<void>

  /** For hosts. true: all who wait. */
  admit(who: string[] | true): Promise<void>
  reject(who: string[] | true, reason?: string): Promise<void>
  kick(id: string, how?: { reason?: string; ban?: { not?: boolean; seconds?: number; address?: boolean } }): Promise<void>
  move(id: string, room: string): Promise<void>
  spotlight(id: string, on?: boolean): Promise<void>
  /** Asks a participant to switch a device on. */
  ask(id: string, what: { microphone?: boolean; camera?: boolean }): Promise<void>
  /** The message "set" of the control protocol. */
  change(change: { id?: string; select?: string; except?: string[]; [field: string]: unknown }): Promise<void>
  record(on?: boolean): Promise<void>
  broadcast(on?: boolean): Promise<void>
  end(reason?: string): Promise<void>
  /** Any message of the control protocol. */
  send(message: { type: string; [field: string]: unknown }): Promise<void>
}
