/**
 * How the program is asked: `classifier()` and `predict(blob, options)`, and `ask` for all else. A
 * page of `serve` that carries its classifier inside replaces this module, and nothing else.
 */

import { Trouble } from './answers.mjs';
import { megabytes, say } from './make.mjs';

/** @typedef {import('./answers.mjs').Read} Read */
/**
 * What `v1/classifier` says, as far as the page shows it.
 * @typedef {{id: string, name: string, classes: string[],
 *   accuracy: {value: number | null, low: number, high: number, hits: number, n: number} | null,
 *   served: {version: string, max_bytes: number, known: boolean, report: boolean, phone?: boolean,
 *     examples?: {class: string, thumbnails: string[]}[]}}} About
 */

let largest = Infinity;
let file = '';
/** @type {number | null} */ let limit = null;

/** Where the answers come from, for the foot of the page. */
export const place = {
  host: location.host,
  local: ['127.0.0.1', 'localhost', '[::1]'].includes(location.hostname),
  /** Whether the page carries the classifier. */
  inside: false,
};

/** What every document of answers begins with. */
export const head = () => ({ model: file, novelty_limit: limit });

/** The classifier that answers. @returns {Promise<About>} */
export async function classifier() {
  await exchangeKey();
  const about = await ask('v1/classifier', {});
  largest = about.served.max_bytes;
  return about;
}

/**
 * The answer on a picture.
 * @param {Blob} blob
 * @param {{heatMap?: boolean, signal?: AbortSignal}} [options]
 * @returns {Promise<Read>}
 */
export async function predict(blob, { heatMap = false, signal } = {}) {
  if (blob.size > largest) {
    throw new Trouble('unreadable', say('trouble.large', { size: megabytes(blob.size), limit: megabytes(largest) }));
  }
  const query = new URLSearchParams({ top: '1000', heat_map: String(heatMap) });
  // The kind of a file is found by its content; the browser's guess would only mislead.
  const headers = { 'Content-Type': 'application/octet-stream' };
  const said = await ask(`v1/predict?${query}`, { method: 'POST', body: blob, headers, signal });
  file = said.model;
  limit = said.novelty_limit;
  return said.predictions[0];
}

/** A new code for a phone. @returns {Promise<import('./code.mjs').Phone | null>} */
export function pair() {
  return ask('v1/phone', { method: 'POST' });
}

/** The key of the address becomes a cookie, and leaves the address. */
export async function exchangeKey() {
  const key = new URLSearchParams(location.hash.slice(1)).get('k');
  if (!key) return;
  history.replaceState(null, '', location.pathname + location.search);
  await ask('session', { method: 'POST', body: JSON.stringify({ key }), headers: { 'Content-Type': 'application/json' } });
}

/**
 * The JSON that an address answers with, or nothing.
 * @param {string} address relative, so that the page may lie below any path
 * @param {RequestInit} request
 */
export async function ask(address, request) {
  let response;
  try {
    response = await fetch(address, { ...request, redirect: 'error' });
  } catch (error) {
    if (request.signal?.aborted) throw error;
    if (request.body instanceof Blob && !(await readable(request.body))) {
      throw new Trouble('unreadable', say('trouble.vanished'));
    }
    throw new Trouble('gone');
  }
  if (response.status === 204) return null;
  if (response.status === 202) return response.json().catch(() => null);
  const body = await response.json().catch(() => null);
  if (request.signal?.aborted) throw new DOMException('', 'AbortError');
  if (response.ok && body !== null) return body;
  throw troubleOf(response, body ?? {});
}

/**
 * @param {Response} response
 * @param {{type?: string, detail?: string, title?: string, help?: string}} problem
 */
function troubleOf(response, { type = '', detail, title, help }) {
  const words = detail || title || `${response.status}`;
  if (response.status === 503 || type.endsWith('/busy')) {
    return new Trouble('busy', words, { seconds: Math.max(1, Number(response.headers.get('Retry-After')) || 1) });
  }
  // A proxy says so when the program behind it is gone.
  if (response.status === 502 || response.status === 504) return new Trouble('gone');
  if (response.status === 401) return new Trouble('locked', words);
  if (response.status === 409) return new Trouble('conflict', words, { help });
  if ([413, 415, 422].includes(response.status)) return new Trouble('unreadable', words, { help });
  return new Trouble('failed', words, { help });
}

/** Whether the file can still be read. @param {Blob} blob */
async function readable(blob) {
  try {
    await blob.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}
