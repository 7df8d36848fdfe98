/**
 * The one module that asks for answers, in a page that carries its classifier: it asks a worker, which
 * runs the module that is in the page. Nothing is sent anywhere.
 */

import { Trouble } from './answers.mjs';
import { at, megabytes, say } from './make.mjs';

/** @typedef {import('./answers.mjs').Read} Read */
/** @typedef {import('../web/transport.mjs').About & {thumbnails: Record<string, string>}} About */

/** @type {About} */ const about = JSON.parse(at('about').textContent ?? '');
const model = `${about.name}.lookalike`;
let limit = null;
let calls = 0;
/** @type {Promise<Worker> | null} */ let started = null;
/** @type {Map<number, {resolve: (said: any) => void, reject: (trouble: Trouble) => void}>} */ const open = new Map();

/** Where the answers come from, for the foot of the page. */
export const place = { host: '', local: true, inside: true };

/** What every document of answers begins with. */
export const head = () => ({ model, novelty_limit: limit });

/** The classifier that answers. @returns {Promise<About>} */
export async function classifier() {
  started ??= start();
  await started;
  return about;
}

/**
 * The answer on a picture.
 * @param {Blob} blob
 * @param {{heatMap?: boolean, signal?: AbortSignal}} [options]
 * @returns {Promise<Read>}
 */
export async function predict(blob, { heatMap = false, signal } = {}) {
  const largest = about.served.max_bytes;
  if (blob.size > largest) {
    throw new Trouble('unreadable', say('trouble.large', { size: megabytes(blob.size), limit: megabytes(largest) }));
  }
  started ??= start();
  const worker = await started;
  const said = await ask(worker, 'predict', { picture: blob, ask: { top: 1000, heatMap } });
  if (signal?.aborted) throw new DOMException('', 'AbortError');
  const read = said.predictions[0];
  if (read.error) throw new Trouble('unreadable', read.error);
  // Without names and pictures there is nothing to show of what is nearest.
  if (!about.served.known) read.nearest = [];
  for (const near of read.nearest) near.thumbnail = about.thumbnails[near.picture];
  return read;
}

/** A new code for a phone: there is no program that it could find. */
export async function pair() {
  return null;
}

/** Starts the worker and gives it what it needs. */
async function start() {
  const text = (/** @type {string} */ id) => at(id).textContent ?? '';
  const address = URL.createObjectURL(new Blob([text('worker')], { type: 'text/javascript' }));
  // Not as a module: a page from the disk may not start such a worker.
  const worker = new Worker(address);
  worker.addEventListener('message', ({ data: { id, said, trouble } }) => {
    const call = open.get(id);
    open.delete(id);
    if (trouble === undefined) call?.resolve(said);
    else call?.reject(trouble === 'vanished' ? new Trouble('unreadable', say('trouble.vanished')) : new Trouble('failed', trouble));
  });
  worker.addEventListener('error', (event) => {
    for (const { reject } of open.values()) reject(new Trouble('failed', event.message || 'the worker does not start'));
    open.clear();
  });
  const { noveltyLimit } = await ask(worker, 'load', { module: text('module'), classifier: text('classifier'), name: model });
  limit = noveltyLimit;
  return worker;
}

/** @param {Worker} worker @param {string} call @param {object} given @returns {Promise<any>} */
function ask(worker, call, given) {
  calls += 1;
  const id = calls;
  return new Promise((resolve, reject) => {
    open.set(id, { resolve, reject });
    worker.postMessage({ id, call, ...given });
  });
}
