// The page that checks device and connection before a call, by the SDK's check() and by what only a person
// can tell.

import { check } from '../sdk/check.js';
import { Devices, explain } from '../sdk/devices.js';
import { loadChoices } from './choices.js';
import { announce, at, byId, make } from './dom.js';
import { translate } from './language.js';
import { Meter } from './meter.js';
import { testSound } from './signals.js';

/** @typedef {'camera' | 'microphone' | 'speaker' | 'server' | 'websocket' | 'udp' | 'tcp' | 'turn' | 'send' | 'receive'} Name */

/** How long the page listens for the microphone, ms. */
const hearing = 5_000;
/** The level, 0 to 1, from which on a microphone is not silent. */
const audible = 0.08;

/** @type {[Name, string][]} */
const names = [
  ['camera', 'Camera'], ['microphone', 'Microphone'], ['speaker', 'Loudspeaker'], ['server', 'Server'], ['websocket', 'WebSocket'],
  ['udp', 'Media over UDP'], ['tcp', 'Media over TCP'], ['turn', 'Media over TURN'], ['send', 'What you send'], ['receive', 'What you receive'],
];

/** A line of the list. */
class Step {
  element = make('li', 'step');
  more = make('div', 'step-more');
  /** @type {boolean | null | undefined} undefined: not known yet */
  ok;
  #sign = make('span', 'step-sign');
  #text = make('p');
  #said = make('span', 'visually-hidden');

  /** @param {string} title */
  constructor(title) {
    this.#sign.setAttribute('aria-hidden', 'true');
    const head = make('h2', '', title);
    head.append(this.#said);
    this.element.append(this.#sign, head, this.#text, this.more);
  }

  run() {
    this.ok = undefined;
    this.element.className = 'step runs';
    this.#sign.textContent = this.#said.textContent = this.#text.textContent = '';
    this.more.replaceChildren();
  }

  /**
   * @param {boolean | null} ok null: there is nothing to check
   * @param {string} text
   */
  end(ok, text) {
    this.ok = ok;
    this.element.className = `step ${ok === null ? 'none' : ok ? 'well' : 'bad'}`;
    this.#sign.textContent = ok === null ? '–' : ok ? '✓' : '!';
    this.#said.textContent = ok === null ? ' not checked' : ok ? ' works' : ' fails';
    this.#text.textContent = text;
  }
}

const steps = new Map(names.map(([name, title]) => [name, new Step(title)]));
const asked = new URLSearchParams(location.search).get('room') ?? '';
/** What a second check ends of the first. @type {(() => void)[]} */
let leftovers = [];

void translate();
document.body.dataset.phase = 'connected'; // boot.js
byId('begin', HTMLElement).addEventListener('click', () => void begin());

/** @param {Name} name */
function step(name) {
  return /** @type {Step} */ (steps.get(name));
}

/** Checks all, and says what comes of it. */
async function begin() {
  const button = byId('begin', HTMLButtonElement);
  button.disabled = true;
  leftovers.forEach((end) => end());
  leftovers = [];
  byId('verdict', HTMLElement).hidden = true;
  byId('steps', HTMLElement).replaceChildren(...[...steps.values()].map(({ element }) => element));
  for (const one of steps.values()) one.run();
  if (asked) for (const name of /** @type {Name[]} */ (['send', 'receive'])) step(name).end(null, 'It is measured where no room is named in the address.');
  // A room that nobody else is in.
  const room = asked || `check-${crypto.getRandomValues(new Uint32Array(1))[0].toString(36)}`;
  await Promise.all([
    tryDevices(), trySpeaker(),
    check(at(`/r/${encodeURIComponent(room)}`) + location.hash, {
      devices: false, loop: !asked, onLine: ({ name, ok, text }) => step(name).end(ok, text),
    }),
  ]);
  const all = [...steps.values()];
  const paths = /** @type {Name[]} */ (['udp', 'tcp', 'turn']).map((name) => step(name).ok);
  const media = paths.some(Boolean) || paths.every((ok) => ok === null);
  const wrong = all.some(({ ok }) => ok === false);
  const verdict = byId('verdict', HTMLElement);
  const broken = !media || /** @type {Name[]} */ (['server', 'send', 'receive', 'camera', 'microphone']).some((name) => step(name).ok === false);
  verdict.classList.toggle('bad', wrong);
  verdict.textContent = broken ? 'Something is wrong. The lines with a red sign say what.'
    : wrong ? 'You can join a call. The lines with a red sign say what could be better.' : 'All is well. You can join a call.';
  verdict.hidden = false;
  button.textContent = 'Check again';
  button.disabled = false;
}

/** Camera and microphone: what they bring is seen. */
async function tryDevices() {
  const devices = new Devices();
  const { camera, microphone } = loadChoices();
  devices.wanted = { audio: microphone, video: camera };
  leftovers.push(() => {
    devices.close('audio');
    devices.close('video');
  });
  await devices.open(['audio', 'video']);
  const { tracks, problem } = devices;
  if (tracks.video) {
    const video = make('video');
    Object.assign(video, { muted: true, playsInline: true, autoplay: true, srcObject: new MediaStream([tracks.video]) });
    video.setAttribute('aria-label', 'Your camera');
    step('camera').more.append(video);
    const seen = await new Promise((done) => {
      video.addEventListener('playing', () => done(true));
      setTimeout(() => done(false), hearing);
    });
    step('camera').end(Boolean(seen), seen ? `${tracks.video.label || 'A device'} works.` : 'The camera brings no picture. Another program may use it.');
  } else {
    step('camera').end(false, explain({ audio: '', video: problem.video || 'busy' }));
  }
  if (tracks.audio) await hear(tracks.audio);
  else step('microphone').end(false, explain({ audio: problem.audio || 'busy', video: '' }));
}

/** @param {MediaStreamTrack} track */
async function hear(track) {
  const level = make('div', 'step-level');
  level.setAttribute('role', 'meter');
  level.setAttribute('aria-label', 'Level of the microphone');
  step('microphone').more.append(make('span', '', 'Say something.'), level);
  const meter = new Meter(level);
  meter.watch(track);
  leftovers.push(() => meter.close());
  let loudest = 0;
  for (const end = performance.now() + hearing; performance.now() < end && loudest < audible;) {
    await new Promise((done) => setTimeout(done, 100));
    loudest = Math.max(loudest, Number(level.style.getPropertyValue('--level')));
  }
  const heard = loudest >= audible;
  step('microphone').end(heard, heard ? `${track.label || 'A device'} works.` : 'The microphone brings silence. Unmute it, or choose another one in the browser.');
}

/** Only a person can tell whether a loudspeaker works. */
async function trySpeaker() {
  const { more } = step('speaker');
  const button = (/** @type {string} */ text, /** @type {() => void} */ act) => {
    const element = make('button', 'button small', text);
    element.type = 'button';
    element.addEventListener('click', act);
    more.append(element);
  };
  step('speaker').end(null, 'You should hear three tones.');
  button('Play them again', () => void testSound(loadChoices().speaker));
  button('I heard them', () => step('speaker').end(true, 'The loudspeaker works.'));
  button('I heard nothing', () => {
    step('speaker').end(false, 'Turn the volume up, or choose another loudspeaker in the settings of the system.');
    announce('Turn the volume up, or choose another loudspeaker in the settings of the system.');
  });
  await testSound(loadChoices().speaker);
}
