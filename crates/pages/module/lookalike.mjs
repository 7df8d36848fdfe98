/**
 * A classifier that Lookalike trained, in a page or in Node: no server, no network, no other file than
 * these three. `await load(bytes)` reads it, `await classifier.predict(blob)` answers with the document
 * that `lookalike predict --json` writes.
 *
 * Pictures are decoded and predicted on the thread that asks. A page that has many gives them to a
 * worker.
 */

/** What a picture gets that the module could not survive. */
const TOO_MUCH = 'it takes more memory than there is here, or its decoder failed';

/** What `predict` may be asked for. @typedef {import('./lookalike').Ask} Ask */
/** An answer. @typedef {import('./lookalike').Predictions} Predictions */
/** What a module offers. @typedef {{memory: WebAssembly.Memory, room: (bytes: number) => number,
 *   answer: () => number, answer_length: () => number, load: (name: number) => number,
 *   verify: () => number, predict: (name: number, top: number, always: number, heat: number) => number}} Calls */

/**
 * Reads a classifier and runs its self-test.
 * @param {BufferSource} bytes of the `.lookalike` file
 * @param {{wasm?: BufferSource | WebAssembly.Module | URL | string, name?: string, selfTest?: boolean}} [options]
 *   `wasm` is `lookalike.wasm`: its bytes, compiled, or where it lies; it is looked for beside this file.
 *   `name` is what answers call the classifier.
 * @returns {Promise<Classifier>}
 */
export async function load(bytes, { wasm = new URL('lookalike.wasm', import.meta.url), name = 'classifier.lookalike', selfTest = true } = {}) {
  const classifier = new Classifier(await compiled(wasm), plain(bytes), name);
  await classifier.restart();
  if (selfTest) classifier.selfTest();
  return classifier;
}

/** @param {BufferSource | WebAssembly.Module | URL | string} wasm */
async function compiled(wasm) {
  if (wasm instanceof WebAssembly.Module) return wasm;
  if (typeof wasm !== 'string' && !(wasm instanceof URL)) return WebAssembly.compile(wasm);
  const response = await fetch(wasm);
  if (!response.ok) throw new Error(`cannot fetch ${wasm}: ${response.status}`);
  // Not by streaming: that asks for a type that many hosts do not send.
  return WebAssembly.compile(await response.arrayBuffer());
}

/** @param {BufferSource} bytes */
const plain = (bytes) => (ArrayBuffer.isView(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : new Uint8Array(bytes));

/** A classifier that answers. `load` makes one. */
export class Classifier {
  /** @type {WebAssembly.Module} */ #module;
  /** @type {Uint8Array} */ #bytes;
  /** @type {string} */ #name;
  /** @type {Calls | null} */ #calls = null;
  /** Names of its classes. @type {string[]} */
  classes = [];
  /** The novelty above which a picture is not recognised. @type {number | null} */
  noveltyLimit = null;

  /** @param {WebAssembly.Module} module @param {Uint8Array} bytes @param {string} name */
  constructor(module, bytes, name) {
    this.#module = module;
    this.#bytes = bytes;
    this.#name = name;
  }

  /** Bytes that the module holds now. */
  get memory() {
    return this.#calls?.memory.buffer.byteLength ?? 0;
  }

  /** Begins anew, as after a picture that the module did not survive. */
  async restart() {
    const { exports } = await WebAssembly.instantiate(this.#module, {});
    this.#calls = /** @type {Calls} */ (/** @type {unknown} */ (exports));
    const length = this.#give(this.#name, this.#bytes);
    const { classes, novelty_limit } = JSON.parse(this.#said(this.#calls.load(length)));
    this.classes = classes;
    this.noveltyLimit = novelty_limit;
  }

  /** Runs the self-test again: the largest difference from what was answered when it was saved. */
  selfTest() {
    return Number(this.#said(this.#now().verify()));
  }

  /**
   * The answer on a picture, or the reason why it cannot be read, as `predict --json` writes it.
   * @param {Blob | BufferSource} picture the file, in any format that `predict` reads
   * @param {Ask} [ask]
   * @returns {Promise<Predictions>}
   */
  async predict(picture, { name = picture instanceof Blob && 'name' in picture ? String(picture.name) : 'picture', top = 3, always = false, heatMap = false } = {}) {
    const bytes = picture instanceof Blob ? new Uint8Array(await picture.arrayBuffer()) : plain(picture);
    if (!this.#calls) await this.restart();
    try {
      const calls = this.#now();
      const length = this.#give(name, bytes);
      return JSON.parse(this.#said(calls.predict(length, top, Number(always), Number(heatMap))));
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      // Whatever the module was doing is lost; the next picture gets a new one.
      this.#calls = null;
      return { model: this.#name, classes: this.classes, novelty_limit: this.noveltyLimit, predictions: [{ picture: name, error: TOO_MUCH }] };
    }
  }

  #now() {
    if (!this.#calls) throw new Error('the classifier is being loaded');
    return this.#calls;
  }

  /** Hands over bytes behind a name; how long the name is. @param {string} name @param {Uint8Array} bytes */
  #give(name, bytes) {
    const { room, memory } = this.#now();
    const first = new TextEncoder().encode(name);
    const place = room(first.length + bytes.length) >>> 0;
    // The memory may have grown, which leaves older views empty.
    const all = new Uint8Array(memory.buffer, place, first.length + bytes.length);
    all.set(first);
    all.set(bytes, first.length);
    return first.length;
  }

  /** What a call said; throws it where the call failed. @param {number} good */
  #said(good) {
    const { memory, answer, answer_length } = this.#now();
    const text = new TextDecoder().decode(new Uint8Array(memory.buffer, answer() >>> 0, answer_length() >>> 0));
    if (!good) throw new Error(text);
    return text;
  }
}
