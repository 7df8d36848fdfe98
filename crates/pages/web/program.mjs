/**
 * The program behind the pages that change something: its state, told by events, and requests that
 * change it. While it is gone, it is looked for.
 */

import { Trouble } from './answers.mjs';
import { ask, exchangeKey } from './transport.mjs';

/**
 * @typedef {{value: number, low: number, high: number, hits: number, n: number}} Share
 * @typedef {{id: number, kind: string, words: string, done: number, of: number | null, stopping: boolean, can_stop: boolean}} Job
 * @typedef {{id: number, kind: string, how: 'done' | 'stopped' | 'failed', words: string | null, help: string | null, seconds: number}} Ended
 * @typedef {{picture: number, action: string, to: string | null}} Decision
 * @typedef {{id: number, name: string, class: number | null, width: number | null, height: number | null, bytes: number,
 *   thumb: string, large: string, error: string | null, decision: Decision | null, moved: boolean, burst: string | null}} Picture
 * @typedef {{file: string, accuracy: Share | null, pictures: number, stale: boolean, stale_words: string | null}} Known
 * @typedef {{id: number, name: string, pictures: number, bursts?: number, newest?: Picture[]}} Class
 */

/** Milliseconds between two looks whether the program is back. */
const LOOK = 2000;

/** @template {{job: Job | null}} State */
export class Program {
  /** @type {State | null} */ state = null;
  /** Why nothing can be sent: it does not respond, or the key is missing. @type {'' | 'gone' | 'locked'} */ away = '';
  /** @type {EventSource | null} */ #source = null;
  #looking = false;
  #requests = 0;
  #own = Array.from(crypto.getRandomValues(new Uint32Array(2)), (part) => part.toString(36)).join('');

  /**
   * @param {{state: (state: State) => void, away: () => void, told?: Record<string, (data: any) => void>}} on
   *   `told` has a listener for each other event
   */
  constructor(on) {
    this.on = on;
    document.addEventListener('visibilitychange', () => (document.hidden ? this.#close() : this.#connect()));
  }

  /** Begins to listen. */
  async start() {
    try {
      await exchangeKey();
      this.#connect();
    } catch (error) {
      this.lost(error);
    }
  }

  /** Whether a request with this id came from this page. @param {string} by */
  isOwn(by) {
    return by?.startsWith(`${this.#own}-`) ?? false;
  }

  /**
   * Asks for something, or asks to change something.
   * @param {string} address
   * @param {'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} [method]
   * @param {unknown} [body] JSON, or a picture as it is
   */
  async ask(address, method = 'GET', body) {
    const plain = body instanceof Blob;
    const kind = plain ? 'application/octet-stream' : 'application/json';
    /** @type {Record<string, string>} */
    const headers = { 'X-Request-Id': `${this.#own}-${++this.#requests}`, ...(body === undefined ? {} : { 'Content-Type': kind }) };
    try {
      return await ask(address, { method, headers, body: body === undefined || plain ? body : JSON.stringify(body) });
    } catch (error) {
      this.lost(error);
      throw error;
    }
  }

  /** Takes note of an error that means that nothing can be sent. @param {unknown} error */
  lost(error) {
    if (!(error instanceof Trouble) || (error.kind !== 'gone' && error.kind !== 'locked')) return;
    if (this.away !== error.kind) {
      this.away = error.kind;
      this.on.away();
    }
    this.#close();
    if (this.#looking || error.kind === 'locked') return;
    this.#looking = true;
    setTimeout(() => {
      this.#looking = false;
      this.start();
    }, LOOK);
  }

  #close() {
    this.#source?.close();
    this.#source = null;
  }

  #connect() {
    if (this.#source || document.hidden) return;
    const source = new EventSource('v1/events');
    this.#source = source;
    source.addEventListener('state', (event) => {
      const back = this.away !== '';
      this.away = '';
      this.state = JSON.parse(event.data);
      if (back) this.on.away();
      if (this.state) this.on.state(this.state);
    });
    for (const [name, listener] of Object.entries(this.on.told ?? {})) {
      source.addEventListener(name, (event) => listener(JSON.parse(event.data)));
    }
    source.addEventListener('error', () => {
      if (this.#source !== source) return;
      this.#close();
      // An event stream does not say why it ended; a request does.
      ask('v1/state', {}).then(() => setTimeout(() => this.#connect(), LOOK / 10), (error) => this.lost(error));
    });
  }
}
