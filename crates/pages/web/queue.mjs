/**
 * Pictures on their way: a few at a time, waiting when the program is busy, kept when it is gone,
 * with the time that is left.
 */

import { Trouble } from './answers.mjs';
import { say } from './make.mjs';

/** @typedef {import('./answers.mjs').Item} Item */
/** @typedef {import('./answers.mjs').Read} Read */
/** @typedef {import('./answers.mjs').Store} Store */

/** Requests in flight: enough to decode one picture while another is predicted. */
const FLIGHT = 4;
/** How often a picture is sent again to a program that is busy. */
const TRIES = 3;
/** Milliseconds between two looks whether the program is back. */
const LOOK = 2000;

export class Queue {
  /** @type {Item[]} */ #waiting = [];
  /** @type {Map<Item, AbortController>} */ #flying = new Map();
  /** @type {Map<Item, number>} */ #tries = new Map();
  #rest = 0;
  #total = 0;
  #done = 0;
  #began = 0;
  #doneBefore = 0;
  paused = false;
  gone = false;

  /**
   * @param {Store} store
   * @param {(blob: Blob, options: {signal: AbortSignal}) => Promise<Read>} predict
   * @param {() => Promise<boolean>} back whether the program responds again
   */
  constructor(store, predict, back) {
    this.store = store;
    this.predict = predict;
    this.back = back;
  }

  /** @param {Item[]} items */
  add(items) {
    if (this.left === 0) this.#start(0);
    this.#waiting.push(...items);
    this.#total += items.length;
    this.#next();
  }

  /** Asks once more about a picture without an answer. @param {Item} item */
  again(item) {
    this.#tries.delete(item);
    this.store.change(item, { group: 'waiting', error: null, help: null, again: false });
    this.add([item]);
  }

  /** Forgets everything. */
  clear() {
    for (const flight of this.#flying.values()) flight.abort();
    this.#flying.clear();
    this.#waiting = [];
    this.#tries.clear();
    this.paused = false;
    this.#start(0);
  }

  /** @param {boolean} paused */
  pause(paused) {
    this.paused = paused;
    if (!paused) this.#start(this.#done);
    this.store.changed();
    this.#next();
  }

  /** Pictures without an answer. */
  get left() {
    return this.#waiting.length + this.#flying.size;
  }

  /** How far it is, and the seconds left if they can be told. */
  get progress() {
    const since = (Date.now() - this.#began) / 1000;
    const done = this.#done - this.#doneBefore;
    const known = since > 2 && done > 0 && !this.paused && !this.gone;
    const resting = Math.max(0, Math.ceil((this.#rest - Date.now()) / 1000));
    return { done: this.#done, total: this.#total, resting, seconds: known ? (since / done) * this.left : null };
  }

  /** @param {number} done how many were done before */
  #start(done) {
    if (done === 0) this.#total = this.#done = 0;
    this.#doneBefore = done;
    this.#began = Date.now();
  }

  #next() {
    while (!this.paused && !this.gone && Date.now() >= this.#rest && this.#flying.size < FLIGHT) {
      const item = this.#waiting.shift();
      if (!item) return;
      this.#fly(item);
    }
  }

  /** @param {Item} item */
  async #fly(item) {
    const flight = new AbortController();
    this.#flying.set(item, flight);
    this.store.change(item, { group: 'asking' });
    try {
      const read = await this.predict(item.file, { signal: flight.signal });
      if (flight.signal.aborted) return;
      this.#landed(item);
      this.store.answer(item, read);
    } catch (error) {
      if (flight.signal.aborted) return;
      this.#flying.delete(item);
      this.#failed(item, error instanceof Trouble ? error : new Trouble('failed', String(error)));
    }
    this.#next();
  }

  /** @param {Item} item */
  #landed(item) {
    this.#flying.delete(item);
    this.#tries.delete(item);
    this.#done += 1;
  }

  /** @param {Item} item @param {Trouble} trouble */
  #failed(item, trouble) {
    const tries = (this.#tries.get(item) ?? 0) + 1;
    if (trouble.kind === 'gone' || trouble.kind === 'locked') {
      this.#wait(item);
      this.#lost();
    } else if (trouble.kind === 'busy' && tries <= TRIES) {
      this.#tries.set(item, tries);
      this.#wait(item);
      this.#restFor(trouble.seconds);
    } else {
      this.#landed(item);
      const error = { busy: say('trouble.busy'), unreadable: trouble.message }[/** @type {'busy' | 'unreadable'} */ (trouble.kind)];
      this.store.change(item, {
        group: 'failed', help: trouble.help, again: trouble.kind !== 'unreadable',
        error: error ?? say('trouble.unexpected', { detail: trouble.message }),
      });
    }
  }

  /** Back to the front of the queue. @param {Item} item */
  #wait(item) {
    this.#waiting.unshift(item);
    this.store.change(item, { group: 'waiting' });
  }

  /** Nothing is sent for so long. @param {number} seconds */
  #restFor(seconds) {
    this.#rest = Math.max(this.#rest, Date.now() + 1000 * seconds);
    const tick = () => {
      this.store.changed();
      if (Date.now() >= this.#rest) this.#next();
      else setTimeout(tick, Math.min(1000, this.#rest - Date.now() + 5));
    };
    setTimeout(tick, Math.min(1000, 1000 * seconds));
  }

  /** Looks until the program is back. */
  #lost() {
    if (this.gone) return;
    this.gone = true;
    this.store.changed();
    const look = async () => {
      if (!(await this.back())) return void setTimeout(look, LOOK);
      this.gone = false;
      this.#start(this.#done);
      this.store.changed();
      this.#next();
    };
    setTimeout(look, LOOK);
  }
}
