// What the user chooses for this device, in the panel: sound, data, signals, keys. The browser
// remembers it for the next call.

import { loadChoices, saveChoices } from './choices.js';
import { byId, make } from './dom.js';
import { languages } from './language.js';
import { testSound } from './signals.js';
import { toast } from './toasts.js';

/**
 * @typedef {import('./choices.js').Choices} Choices
 * @typedef {import('../sdk/devices.js').Devices} Devices
 * @typedef {import('../sdk/localMedia.js').LocalMedia} LocalMedia
 * @typedef {import('./player.js').Player} Player
 * @typedef {import('../sdk/session.js').Session} Session
 */

/** The choices of the panel's last tab. */
export class Settings {
  #list = make('div', 'settings-more');

  /**
   * @param {Player} player
   * @param {Devices} devices
   * @param {LocalMedia} local
   * @param {Session} session
   */
  constructor(player, devices, local, session) {
    this.player = player;
    byId('camera-select', HTMLSelectElement).closest('label')?.after(this.#list);
    const choices = loadChoices();
    player.video.volume = choices.volume;
    this.#speaker(choices.speaker);
    this.#volume(choices.volume);
    this.#choice('Your microphone', 'sound', [['speech', 'Speech, without noise'], ['plain', 'Speech with all noise'], ['music', 'Music, in stereo']], () => {
      devices.sound = loadChoices().sound;
      void local.choose('audio', devices.wanted.audio);
    });
    this.#choice('What you receive', 'receive', [['all', 'Picture and sound'], ['low', 'Small picture, saves data'], ['sound', 'Sound only, saves most data']], () => session.join());
    this.#switch('Hold the space bar to talk', 'pushToTalk');
    this.#switch('Sounds for who comes and writes', 'sounds');
    this.#switch('Notifications while you look elsewhere', 'notify', (on) => {
      if (on) void globalThis.Notification?.requestPermission?.();
    });
    this.#switch('No single keys as shortcuts', 'keysOff');
    this.#choice('Language', 'language', [['', 'As the browser'], ...Object.entries(languages)], () => location.reload());
    if (document.pictureInPictureEnabled) {
      this.#button('Picture in picture', () => void player.video.requestPictureInPicture().catch(() => toast('There is no picture yet', 'warning')));
    }
  }

  /** @param {string} chosen */
  #speaker(chosen) {
    const { video } = this.player;
    if ('setSinkId' in video) {
      const select = make('select');
      select.id = 'speaker-select';
      this.#label('Loudspeaker', select);
      const list = async () => {
        const all = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
        const found = all.filter((d) => d.kind === 'audiooutput');
        select.replaceChildren(...found.map((d, i) => new Option(d.label || `${i + 1}`, d.deviceId)));
        if (found.some((d) => d.deviceId === loadChoices().speaker)) select.value = loadChoices().speaker;
        select.disabled = found.length === 0;
      };
      const use = async () => video.setSinkId(loadChoices().speaker).catch(() => {}); // it is gone
      select.addEventListener('change', () => {
        saveChoices({ speaker: select.value });
        void use();
      });
      navigator.mediaDevices?.addEventListener?.('devicechange', () => void list());
      byId('settings-button', HTMLElement).addEventListener('click', () => void list());
      void list();
      if (chosen) void use();
    }
    this.#button('Test the loudspeaker', () => void testSound(loadChoices().speaker));
  }

  /** @param {number} volume */
  #volume(volume) {
    const input = make('input');
    input.type = 'range';
    input.id = 'volume';
    input.max = '1';
    input.step = '0.05';
    input.value = String(volume);
    input.addEventListener('input', () => {
      this.player.video.volume = Number(input.value);
      saveChoices({ volume: Number(input.value) });
    });
    this.#label('Volume of the call', input);
  }

  /**
   * @param {string} text
   * @param {'sound' | 'receive' | 'language'} key
   * @param {[string, string][]} options values and texts
   * @param {() => void} changed
   */
  #choice(text, key, options, changed) {
    const select = make('select');
    select.id = `choose-${key}`;
    select.append(...options.map(([value, label]) => new Option(label, value)));
    select.value = loadChoices()[key];
    select.addEventListener('change', () => {
      saveChoices({ [key]: select.value });
      changed();
    });
    this.#label(text, select);
  }

  /**
   * @param {string} text
   * @param {'pushToTalk' | 'sounds' | 'notify' | 'keysOff'} key
   * @param {(on: boolean) => void} [changed]
   */
  #switch(text, key, changed = () => {}) {
    const label = make('label', 'question-option');
    const input = make('input');
    input.type = 'checkbox';
    input.id = `choose-${key}`;
    input.checked = loadChoices()[key];
    input.addEventListener('change', () => {
      saveChoices({ [key]: input.checked });
      changed(input.checked);
    });
    label.append(input, text);
    this.#list.append(label);
  }

  /**
   * @param {string} text
   * @param {HTMLElement} field
   */
  #label(text, field) {
    const label = make('label', 'field', text);
    label.append(field);
    this.#list.append(label);
  }

  /**
   * @param {string} text
   * @param {() => void} act
   */
  #button(text, act) {
    const button = make('button', 'button small', text);
    button.type = 'button';
    button.addEventListener('click', act);
    this.#list.append(button);
  }
}
