/**
 * Changes on their way to the program, one after the other. While it is gone they wait here, and over
 * a reload in the browser's store of this tab; what is sent twice has the effect of once.
 */

import { Trouble } from './answers.mjs';

/**
 * A change.
 * @typedef {{method: 'POST' | 'PUT', address: string, body?: any}} Change
 */

/** Milliseconds until a change is tried again that the program could not save. */
const AGAIN = 3000;

export class Outbox {
  /** @type {Change[]} */ waiting = [];
  /** Why the program could not save the next change, in its words. */
  failed = '';
  /** @type {Promise<void> | null} */ #sending = null;

  /**
   * @param {string} key where it is kept in this tab
   * @param {(change: Change) => Promise<any>} send
   * @param {{landed: (change: Change, answer: any) => void, refused: (change: Change, error: Trouble) => void, changed: () => void}} on
   */
  constructor(key, send, on) {
    this.key = key;
    this.send = send;
    this.on = on;
    try {
      const kept = JSON.parse(sessionStorage.getItem(key) ?? '[]');
      if (Array.isArray(kept)) this.waiting = kept;
    } catch {
      // Nothing was kept, or nothing can be.
    }
  }

  /** @param {Change} change */
  add(change) {
    this.waiting.push(change);
    this.#keep();
    this.go();
  }

  /** Takes back the last change if it was not sent. */
  take() {
    if (this.waiting.length < (this.#sending ? 2 : 1)) return undefined;
    const last = this.waiting.pop();
    this.#keep();
    return last;
  }

  /** Sends what waits, and is done when all has landed or nothing can be sent. */
  go() {
    this.#sending ??= this.#send().finally(() => {
      this.#sending = null;
      this.on.changed();
    });
    return this.#sending;
  }

  async #send() {
    while (this.waiting.length > 0) {
      const change = this.waiting[0];
      try {
        const answer = await this.send(change);
        this.failed = '';
        this.#done();
        this.on.landed(change, answer);
      } catch (error) {
        const { kind, message } = error instanceof Trouble ? error : new Trouble('failed', String(error));
        if (kind === 'gone' || kind === 'locked') break;
        if (kind === 'failed' || kind === 'busy') {
          this.failed = message;
          setTimeout(() => this.go(), AGAIN);
          break;
        }
        this.#done();
        this.on.refused(change, /** @type {Trouble} */ (error));
      }
    }
  }

  #done() {
    this.waiting.shift();
    this.#keep();
  }

  #keep() {
    try {
      if (this.waiting.length > 0) sessionStorage.setItem(this.key, JSON.stringify(this.waiting));
      else sessionStorage.removeItem(this.key);
    } catch {
      // They then wait in the page alone.
    }
    this.on.changed();
  }
}
