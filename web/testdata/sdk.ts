// A program that the type checker holds the package to: make types.

import { join, TilemixError, type Participant } from '../sdk/index.js'
const list = (p: Participant[]) => console.log(p.map((x) => x.name))
const call = await join('https://mix.example/r/demo', { name: 'Ada', camera: true, microphone: { echoCancellation: false } })
document.body.append(call.element)
call.on('participants', (p) => list(p)).on('left', ({ reason, code }) => console.log(reason, code))
await call.mute({ microphone: true })
await call.set({ layout: 'speaker', pin: [call.id] })
try { await call.kick('x', { ban: { not: true } }) } catch (e) { if (e instanceof TilemixError) console.log(e.code) }
// @ts-expect-error unknown event
call.on('nothing', () => {})
export {}
