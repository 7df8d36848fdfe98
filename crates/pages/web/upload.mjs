/**
 * Pictures on their way into classes: a few at a time, kept here while the program is gone. A class
 * is called by its name, as its number may be another one after a restart, and made if it is not there.
 */

import { Trouble } from './answers.mjs';

/** @typedef {import('./program.mjs').Class} Class */
/** @typedef {{file: Blob, name: string, class: string, burst: string}} Entry */

/** Requests in flight. */
const FLIGHT = 3;

export class Upload {
  /** @type {Entry[]} */ #waiting = [];
  /** @type {Set<Entry>} */ #flying = new Set();
  /** The classes that are being made. @type {Map<string, Promise<any>>} */ #making = new Map();
  #rest = 0;
  done = 0;
  already = 0;
  /** Files that the program refused, with its reason. @type {{name: string, error: string}[]} */ refused = [];

  /**
   * @param {import('./program.mjs').Program<any>} program
   * @param {() => Class[]} classes
   * @param {() => void} changed
   */
  constructor(program, classes, changed) {
    this.program = program;
    this.classes = classes;
    this.changed = changed;
  }

  /** Pictures that are not yet in their class. */
  get left() {
    return this.#waiting.length + this.#flying.size;
  }

  /**
   * @param {string} name of the class
   * @param {{file: Blob, name: string}[]} files
   * @param {string} [burst] what keeps pictures of one recording together
   */
  add(name, files, burst = '') {
    if (this.left === 0) {
      this.done = this.already = 0;
      this.refused = [];
    }
    this.#waiting.push(...files.map((file) => ({ ...file, class: name, burst })));
    this.go();
  }

  /** A class has another name from now on. @param {string} from @param {string} to */
  renamed(from, to) {
    for (const entry of this.#waiting) if (entry.class === from) entry.class = to;
  }

  /** Sends what waits. */
  go() {
    while (this.#flying.size < FLIGHT && this.program.away === '' && Date.now() >= this.#rest) {
      const entry = this.#waiting.shift();
      if (!entry) break;
      this.#flying.add(entry);
      this.#send(entry);
    }
    this.changed();
  }

  /** @param {Entry} entry */
  async #send(entry) {
    try {
      const id = await this.#class(entry.class);
      const query = new URLSearchParams({ name: entry.name.split('/').at(-1) ?? '', ...(entry.burst === '' ? {} : { burst: entry.burst }) });
      const { already, refused } = await this.program.ask(`v1/classes/${id}/pictures?${query}`, 'POST', entry.file);
      this.already += already.length;
      this.refused.push(...refused);
      this.done += 1;
    } catch (error) {
      this.#failed(entry, error instanceof Trouble ? error : new Trouble('failed', String(error)));
    }
    this.#flying.delete(entry);
    this.go();
  }

  /** @param {Entry} entry @param {Trouble} trouble */
  #failed(entry, { kind, message, seconds }) {
    if (kind === 'gone' || kind === 'locked' || kind === 'busy') {
      this.#waiting.unshift(entry);
      if (kind !== 'busy') return;
      this.#rest = Date.now() + 1000 * seconds;
      setTimeout(() => this.go(), 1000 * seconds + 5);
    } else {
      this.refused.push({ name: entry.name, error: message });
      this.done += 1;
    }
  }

  /** The number of a class, which is made if it is not there. @param {string} name @returns {Promise<number>} */
  async #class(name) {
    const there = this.classes().find((one) => one.name === name);
    if (there) {
      this.#making.delete(name);
      return there.id;
    }
    // The state that lists it comes a moment after it is made.
    const making = this.#making.get(name) ?? this.program.ask('v1/classes', 'POST', { name });
    this.#making.set(name, making);
    try {
      return (await making).class.id;
    } catch (error) {
      this.#making.delete(name);
      // Another window made it: the state will say so.
      if (error instanceof Trouble && error.kind === 'conflict') throw new Trouble('busy');
      throw error;
    }
  }
}
