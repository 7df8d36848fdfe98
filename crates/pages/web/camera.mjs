/**
 * The live camera: one picture in flight, the newest one next. What is shown is the mean of the last
 * five answers, and "I don't know" until they agree.
 */

import { groupOf, mean, Trouble } from './answers.mjs';
import { mark, nearest, odds, reason, verdict } from './card.mjs';
import { make, say } from './make.mjs';

/** @typedef {import('./answers.mjs').Read} Read */
/** @typedef {(blob: Blob, options?: {heatMap?: boolean, signal?: AbortSignal}) => Promise<Read>} Predict */

/** Answers in a mean. */
const SPAN = 5;
/** The longer side of a picture that is sent, in pixels: the network sees fewer. */
const SIDE = 640;
/** Milliseconds to wait where nothing can be sent. */
const WAIT = 1000;

/** Why the camera does not start, in words. @param {unknown} error */
function trouble(error) {
  if (!isSecureContext || !navigator.mediaDevices) return say('camera.insecure');
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return say('camera.refused');
  return say(name === 'NotFoundError' || name === 'OverconstrainedError' ? 'camera.missing' : 'camera.taken');
}

/** A camera's stream: started, shown, seen through, and stopped. */
export class Eye {
  /** @type {MediaStream | null} */ #stream = null;
  #canvas = make('canvas');

  /**
   * @param {HTMLVideoElement} video
   * @param {HTMLSelectElement} which
   */
  constructor(video, which) {
    this.video = video;
    this.which = which;
  }

  /** The stream, while it runs. */
  get stream() {
    return this.#stream;
  }

  /** Starts it; what hinders it in words, or nothing. @param {string} [device] */
  async start(device) {
    this.stop();
    try {
      const wanted = device ? { deviceId: { exact: device } } : { facingMode: 'environment' };
      this.#stream = await navigator.mediaDevices.getUserMedia({ video: { ...wanted, width: { ideal: 1280 } }, audio: false });
      this.video.srcObject = this.#stream;
      await this.video.play();
    } catch (error) {
      this.stop();
      return trouble(error);
    }
    await this.#choices();
    return '';
  }

  stop() {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    this.video.srcObject = null;
  }

  /** What it sees now. @param {number} side its longer side at most @returns {Promise<Blob | null>} */
  picture(side) {
    const { videoWidth: width, videoHeight: height } = this.video;
    const scale = Math.min(1, side / Math.max(width, height));
    if (!this.#stream || width === 0) return Promise.resolve(null);
    this.#canvas.width = Math.round(width * scale);
    this.#canvas.height = Math.round(height * scale);
    this.#canvas.getContext('2d')?.drawImage(this.video, 0, 0, this.#canvas.width, this.#canvas.height);
    return new Promise((resolve) => this.#canvas.toBlob(resolve, 'image/jpeg', 0.92));
  }

  /** Lists the cameras, if there are several. */
  async #choices() {
    const cameras = (await navigator.mediaDevices.enumerateDevices()).filter((device) => device.kind === 'videoinput');
    const now = this.#stream?.getVideoTracks()[0]?.getSettings().deviceId;
    this.which.replaceChildren(...cameras.map(({ deviceId, label }, place) =>
      make('option', { value: deviceId, selected: deviceId === now }, label || say('camera.number', { n: place + 1 }))));
    this.which.hidden = cameras.length < 2;
  }
}

export class Camera {
  /** @type {Read[]} */ #reads = [];
  /** @type {AbortController | null} */ #flight = null;
  #drawn = '';
  /** @type {HTMLElement | null} */ #near = null;
  #nearSince = 0;

  /**
   * @param {{panel: HTMLElement, video: HTMLVideoElement, answer: HTMLElement, note: HTMLElement, which: HTMLSelectElement}} parts
   * @param {Predict} predict
   * @param {() => string[]} classes
   */
  constructor(parts, predict, classes) {
    this.parts = parts;
    this.predict = predict;
    this.classes = classes;
    this.eye = new Eye(parts.video, parts.which);
    parts.which.addEventListener('change', () => this.start(parts.which.value));
  }

  /** Whether it runs. */
  get on() {
    return this.eye.stream !== null;
  }

  /** Starts it, and says so if it cannot. @param {string} [device] @returns {Promise<boolean>} */
  async start(device) {
    this.stop();
    const { panel, note } = this.parts;
    panel.hidden = false;
    note.textContent = say('camera.starting');
    const hindered = await this.eye.start(device);
    note.textContent = hindered || say('camera.mean');
    const { stream } = this.eye;
    if (!stream) return false;
    this.#reads = [];
    this.#draw();
    this.#watch(stream);
    return true;
  }

  stop() {
    this.#flight?.abort();
    this.eye.stop();
    this.parts.panel.hidden = true;
  }

  /** The picture of this moment, as a file. @returns {Promise<{file: Blob, name: string} | null>} */
  async keep() {
    const file = await this.eye.picture(Infinity);
    const now = new Date();
    const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map((part) => String(part).padStart(2, '0')).join('-');
    return file && { file, name: say('camera.kept', { time }) };
  }

  /** One picture after another, for as long as this stream runs. @param {MediaStream} stream */
  async #watch(stream) {
    while (this.eye.stream === stream) {
      if (document.hidden) {
        await new Promise((resolve) => document.addEventListener('visibilitychange', resolve, { once: true }));
        continue;
      }
      const blob = await this.eye.picture(SIDE);
      const waits = blob ? await this.#ask(blob, stream) : WAIT / 10;
      if (waits > 0) await new Promise((resolve) => setTimeout(resolve, waits));
    }
  }

  /** Asks about a picture; the milliseconds to wait before the next. @param {Blob} blob @param {MediaStream} stream */
  async #ask(blob, stream) {
    this.#flight = new AbortController();
    try {
      const read = await this.predict(blob, { signal: this.#flight.signal });
      if (this.eye.stream !== stream) return 0;
      this.#reads = [...this.#reads, read].slice(-SPAN);
      this.parts.note.textContent = say('camera.mean');
      this.#draw();
      return 0;
    } catch (error) {
      if (this.eye.stream !== stream) return 0;
      const { kind, message, seconds } = error instanceof Trouble ? error : new Trouble('failed', String(error));
      this.parts.note.textContent = kind === 'gone' ? say('trouble.gone') : kind === 'busy' ? say('work.busy', { n: seconds }) : message;
      return kind === 'busy' ? 1000 * seconds : WAIT;
    }
  }

  #draw() {
    const read = mean(this.#reads, this.classes(), SPAN);
    const words = verdict(read);
    const heading = make('h3', {}, mark(groupOf(read)), make('span', {}, words));
    const recognised = read.answer.length > 0;
    const hint = recognised ? reason(read) : make('p', { class: 'reason' }, say('answer.resting.reason'));
    const parts = [heading, hint, recognised && odds(read.top.slice(0, 3), read), recognised && this.#nearest(read)].filter((part) => part instanceof Node);
    this.parts.answer.className = `says ${groupOf(read)}`;
    this.parts.answer.replaceChildren(...parts);
    // A reader of the screen hears a new verdict, and not each change of a percentage.
    const said = read.answer.map((named) => named.class).join();
    if (said !== this.#drawn) this.parts.panel.dispatchEvent(new CustomEvent('verdict', { detail: heading.textContent }));
    this.#drawn = said;
  }

  /** The nearest training pictures of the moment, which change slowly enough to be seen. @param {Read} read */
  #nearest(read) {
    const now = Date.now();
    if (this.#near === null || now - this.#nearSince > WAIT) {
      this.#near = nearest(read);
      this.#nearSince = now;
    }
    return this.#near;
  }
}
