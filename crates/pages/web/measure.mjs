/** How the program's words, a measured share, and a job that runs are drawn. */

import { interval, make, say, shown } from './make.mjs';

/** Text of the program that has literals in backticks. @param {string} text */
export function literal(text) {
  return text.split('`').map((piece, place) => (place % 2 === 0 ? shown(piece) : make('code', {}, shown(piece))));
}

/** A share as a bar with its interval, and in words. @param {import('./program.mjs').Share} share @param {string} title */
export function gauge(share, title) {
  const words = interval(share);
  const { value, low, high } = share;
  return make('div', { class: 'measure' }, make('span', {}, title),
    make('div', { class: 'gauge', role: 'img', 'aria-label': say('about.bar', words), '--value': value, '--low': low, '--high': high }, make('i', { class: 'fill' }), make('i', { class: 'whisker' })),
    make('span', {}, make('b', {}, words.share), ` (${words.low}–${words.high})`));
}

/**
 * A job's bar, with a button that stops it.
 * @param {{work: HTMLElement, bar: HTMLProgressElement, words: HTMLElement, stop: HTMLButtonElement}} parts
 * @param {import('./program.mjs').Job | null} job
 */
export function drawJob({ work, bar, words, stop }, job) {
  work.hidden = job === null;
  if (!job) return;
  if (job.of === null) bar.removeAttribute('value');
  else bar.value = job.done;
  bar.max = Math.max(1, job.of ?? 1);
  words.textContent = job.stopping ? say('job.stopping') : [shown(job.words), job.of !== null && job.of > 0 && say('work.progress', { done: job.done, total: job.of })].filter(Boolean).join(' · ');
  stop.hidden = !job.can_stop;
  stop.disabled = job.stopping;
}
