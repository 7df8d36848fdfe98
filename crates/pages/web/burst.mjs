/**
 * Pictures from the camera for as long as a button or Space is held. What one hold takes is one
 * group: its pictures are much alike, and whoever evaluates on the twins of what it trained on flatters.
 */

import { Eye } from './camera.mjs';
import { at, label, make, parts, say } from './make.mjs';

/** Milliseconds between two pictures. */
const BEAT = 250;
/** The longer side of a picture, in pixels. */
const SIDE = 960;

const button = (/** @type {string} */ id) => /** @type {HTMLButtonElement} */ (at(id));

export class Burst {
  #name = '';
  #key = '';
  #taken = 0;
  #timer = 0;

  /** @param {(name: string, file: {file: Blob, name: string}, key: string) => void} take */
  constructor(take) {
    this.take = take;
    this.panel = at('burst');
    this.eye = new Eye(/** @type {HTMLVideoElement} */ (at('burst-video')), /** @type {HTMLSelectElement} */ (at('burst-which')));
    const hold = button('burst-hold');
    hold.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      hold.setPointerCapture(event.pointerId);
      this.#begin();
    });
    for (const end of ['pointerup', 'pointercancel', 'lostpointercapture']) hold.addEventListener(end, () => this.#end());
    // A press by a screen reader or a switch comes as a click alone, and takes one picture.
    hold.addEventListener('click', (event) => event.detail === 0 && this.#key === '' && !this.#spaced && this.#single());
    document.addEventListener('keydown', (event) => this.#down(event));
    document.addEventListener('keyup', (event) => event.key === ' ' && this.#up(event));
    addEventListener('blur', () => this.#end());
    document.addEventListener('visibilitychange', () => document.hidden && this.#end());
    button('burst-stop').addEventListener('click', () => this.close());
    this.eye.which.addEventListener('change', () => this.eye.start(this.eye.which.value));
  }

  /** Whether Space took pictures until now. */ #spaced = false;
  /** What had the keyboard before. @type {HTMLElement | null} */ #from = null;

  /** The class that is photographed, if one is. */
  get of() {
    return this.panel.hidden ? '' : this.#name;
  }

  /** A class has another name from now on. @param {string} from @param {string} to */
  renamed(from, to) {
    if (this.#name === from) this.#for(to);
  }

  /** Opens the camera for a class. @param {string} name */
  async open(name) {
    this.#end();
    this.#from = /** @type {HTMLElement | null} */ (document.activeElement);
    this.#for(name);
    this.panel.hidden = false;
    button('burst-hold').disabled = true;
    at('burst-note').textContent = say('camera.starting');
    const hindered = this.eye.stream ? '' : await this.eye.start();
    if (this.panel.hidden) return this.eye.stop();
    at('burst-note').textContent = hindered;
    button('burst-hold').disabled = hindered !== '';
    this.#draw();
    if (hindered === '') button('burst-hold').focus();
    this.panel.scrollIntoView({ block: 'nearest' });
  }

  close() {
    this.#end();
    this.eye.stop();
    this.panel.hidden = true;
    this.#from?.focus();
  }

  /** @param {string} name */
  #for(name) {
    this.#name = name;
    at('burst-title').replaceChildren(...parts('burst.title', { class: make('bdi', { class: 'name' }, label(name)) }));
  }

  /** @param {KeyboardEvent} event */
  #down(event) {
    if (event.key !== ' ' || this.panel.hidden || document.querySelector('dialog[open]')) return;
    const target = /** @type {HTMLElement} */ (event.target);
    if (target !== at('burst-hold') && target.matches('button, input, select, textarea, a, summary')) return;
    event.preventDefault();
    if (!event.repeat && this.eye.stream) {
      this.#spaced = true;
      this.#begin();
    }
  }

  /** @param {KeyboardEvent} event */
  #up(event) {
    if (!this.#spaced) return;
    event.preventDefault();
    this.#end();
    setTimeout(() => { this.#spaced = false; });
  }

  #begin() {
    if (this.#key !== '') return;
    this.#key = crypto.randomUUID();
    this.#taken = 0;
    this.#shoot();
    this.#timer = setInterval(() => this.#shoot(), BEAT);
    this.#draw();
  }

  #end() {
    if (this.#key === '') return;
    clearInterval(this.#timer);
    this.#key = '';
    this.#draw();
  }

  #single() {
    this.#begin();
    this.#end();
  }

  async #shoot() {
    const key = this.#key;
    const name = this.#name;
    const number = ++this.#taken;
    const file = await this.eye.picture(SIDE);
    if (!file) return;
    this.take(name, { file, name: `${String(number).padStart(3, '0')}.jpg` }, key);
    this.#draw();
  }

  #draw() {
    const on = this.#key !== '';
    button('burst-hold').setAttribute('aria-pressed', String(on));
    at('burst-words').textContent = say(on ? 'burst.on' : 'burst.hold');
    at('burst-count').textContent = this.#taken > 0 ? say('burst.count', { n: this.#taken }) : '';
  }
}
